/** The page's looks: one column of cards, dark and light by the reader's system, black on white on paper. */
export const STYLE = `
:root { color-scheme: light dark;
  --bg: #f3f5f7; --card: #fff; --line: #e1e6eb; --line-strong: #c6ced7; --text: #17202a; --dim: #566472;
  --accent: #1663b5; --positive: #c2410c; --negative: #5b7083; --loud: #fdf0e9; --loud-line: #c2410c; --plain: #fdf7e3; --plain-line: #b98900; --target: #1663b514; --under: #1663b512; }
@media (prefers-color-scheme: dark) { :root {
  --bg: #0c1014; --card: #12181f; --line: #232d38; --line-strong: #3a4856; --text: #dfe6ee; --dim: #94a3b3;
  --accent: #7db7ff; --positive: #ff8a5c; --negative: #8ba3b8; --loud: #2b1910; --loud-line: #ff8a5c; --plain: #262010; --plain-line: #f0c04f; --target: #7db7ff1c; --under: #7db7ff14; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 1080px; margin: 0 auto; padding: 40px 24px 64px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -.01em; }
h2 { font-size: 18px; margin: 0 0 4px; } h3 { font-size: 14px; margin: 0 0 8px; }
p { margin: 0 0 10px; } .lead { color: var(--dim); margin-bottom: 24px; } .lead b { color: var(--text); font-weight: 600; }
.note, figcaption, small { color: var(--dim); font-size: 13px; } .note { margin: 10px 0 0; max-width: 46em; }
code { font: 12.5px ui-monospace, "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere; }
section, figure, details { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px 22px; margin: 0 0 16px; }
.warning { border-left: 5px solid var(--plain-line); background: var(--plain); border-radius: 8px; padding: 12px 18px; margin: 0 0 14px; } .warning p { margin: 2px 0 0; max-width: 60em; }
.warning.loud { border-left-color: var(--loud-line); background: var(--loud); } .warning.loud strong { font-size: 17px; }
.key { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 16px; margin: 0 0 16px; } .key section { margin: 0; padding: 16px 20px; }
.key dt, .key .label { color: var(--dim); font-size: 13px; } .key .value { font-size: 30px; line-height: 1.2; font-weight: 650; letter-spacing: -.02em; } .key .range { color: var(--dim); font-size: 13px; }
.grid2 { display: grid; grid-template-columns: repeat(auto-fit, minmax(400px, 1fr)); gap: 16px; margin-bottom: 16px; } .grid2 > * { margin: 0; }
figure.wide { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); column-gap: 28px; margin-bottom: 16px; } figure.wide h2 { grid-column: 1 / -1; } figure { padding: 18px 18px 14px; } figcaption { margin-top: 6px; } figure h2 { margin-bottom: 8px; }
svg { display: block; } .plot { width: 100%; height: auto; } .plot text { fill: var(--dim); font-size: 12.5px; } .axis-label text { font-size: 13px; fill: var(--text); }
.grid path { stroke: var(--line); fill: none; } .diagonal { stroke: var(--line-strong); stroke-dasharray: 3 4; fill: none; }
.curve { stroke: var(--accent); stroke-width: 2.5; fill: none; stroke-linejoin: round; } .curve.thin { stroke-width: 1.5; opacity: .7; } .under { fill: var(--under); }
.curve.positive { stroke: var(--positive); } .curve.negative { stroke: var(--negative); } .curve.flagged { stroke: var(--dim); stroke-dasharray: 4 3; }
.swatch { display: inline-block; width: 16px; height: 0; border-top: 3px solid var(--positive); vertical-align: middle; margin: 0 6px 2px 0; } .swatch:not(:first-child) { margin-left: 10px; } .swatch.negative { border-color: var(--negative); } .swatch.flagged { border-top: 2px dashed var(--dim); }
.target { fill: var(--target); stroke: var(--accent); stroke-dasharray: 2 3; stroke-opacity: .7; }
.whisker { stroke: var(--accent); stroke-width: 1.4; fill: none; opacity: .75; } .dot { fill: var(--accent); stroke: var(--card); stroke-width: 2; } .dot.hollow { fill: var(--card); stroke: var(--accent); } .plot .legend text { fill: var(--text); }
.bar.positive { fill: var(--positive); } .bar.negative { fill: var(--negative); } .zero { stroke: var(--line-strong); } .threshold { stroke: var(--text); stroke-width: 1.5; stroke-dasharray: 5 4; }
.plot .threshold-label, .plot .class-label { font-weight: 600; fill: var(--text); paint-order: stroke; stroke: var(--card); stroke-width: 4px; } .plot .class-label.positive { fill: var(--positive); } .plot .class-label.negative { fill: var(--negative); }
.nb { white-space: nowrap; } .scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: 13.5px; } th, td { text-align: left; padding: 7px 12px 7px 0; border-top: 1px solid var(--line); vertical-align: top; white-space: nowrap; } thead th { border-top: 0; color: var(--dim); font-weight: 500; font-size: 12.5px; }
th.n, td.n { text-align: right; padding-right: 22px; } tbody th { font-weight: 600; white-space: normal; min-width: 11em; } table small { display: block; font-weight: 400; }
.every td, .every th, .films td, .names li { padding-top: 3px; padding-bottom: 3px; } td.name, .name { overflow-wrap: anywhere; white-space: normal; } .films td { white-space: normal; }
.forest td { vertical-align: middle; } .forest .column th { padding-top: 16px; color: var(--accent); border-top: 0; } .forest td { padding-right: 6px; } .interval { display: inline-block; vertical-align: middle; margin-right: 10px; } .figure { font-size: 13px; white-space: nowrap; } .none { color: var(--dim); }
.rail { stroke: var(--line); } .span { stroke: var(--accent); stroke-width: 2.5; } .interval circle { fill: var(--accent); } .interval .all { stroke: var(--dim); stroke-dasharray: 2 2; }
.mistakes ol { list-style: none; margin: 0; padding: 0; font-size: 13.5px; } .mistakes li { display: flex; gap: 10px; align-items: baseline; padding: 3px 0; border-top: 1px solid var(--line); } .mistakes b { min-width: 3em; text-align: right; } .mistakes li.right { color: var(--dim); } .mistakes li.right b { font-weight: 400; }
.meter { flex: none; width: 64px; height: 7px; border-radius: 4px; background: var(--line); align-self: center; overflow: hidden; } .meter i { display: block; height: 100%; background: var(--line-strong); } .wrong .meter i { background: var(--positive); }
details summary { cursor: pointer; font-weight: 600; } details[open] summary { margin-bottom: 12px; } summary span { color: var(--dim); font-weight: 400; } details { padding: 14px 22px; }
.names { columns: 3 220px; margin: 0; padding: 0; list-style: none; font-size: 13px; } .names li { overflow-wrap: anywhere; break-inside: avoid; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: 4px 20px; margin: 0; font-size: 13.5px; } dl.facts dt { color: var(--dim); } dl.facts dd { margin: 0; overflow-wrap: anywhere; }
footer { color: var(--dim); font-size: 13px; margin-top: 28px; } footer strong { color: var(--text); }
@media (max-width: 520px) { .grid2, figure.wide { grid-template-columns: 1fr; } main { padding: 24px 14px; } dl.facts { grid-template-columns: 1fr; } }
@media print { @page { margin: 14mm; } :root { --bg: #fff; --card: #fff; --line: #ddd; --line-strong: #999; --text: #000; --dim: #444; --accent: #0b4f96; --positive: #b23a08; --negative: #5b7083; --loud: #fff; --plain: #fff; --target: #0b4f960d; --under: #0b4f960d; color-scheme: light; }
  body { font-size: 11px; print-color-adjust: exact; -webkit-print-color-adjust: exact; } main { max-width: none; padding: 0; } section, figure, details, .warning { break-inside: avoid; } .grid2 { grid-template-columns: 1fr 1fr; } .key { grid-template-columns: repeat(5, 1fr); gap: 8px; } .key .value { font-size: 20px; } h1 { font-size: 20px; } h2 { font-size: 13px; } h3 { font-size: 11px; } .key section { padding: 8px 12px; } section, figure, details { padding: 12px 14px; border-radius: 8px; margin-bottom: 10px; } .warning.loud strong { font-size: 13px; }
  table, thead th, table small, .figure, .note, figcaption, .lead, .label, .key .range, .mistakes ol, dl.facts, footer, .names { font-size: 9.5px; } code { font-size: 9px; } th, td, th.n, td.n { padding: 3px 8px 3px 0; } .points td { white-space: normal; } .scroll { overflow: visible; } .interval { width: 70px; margin-right: 4px; } details.listing { break-inside: auto; } details.listing::details-content { content-visibility: visible; height: auto; } }
`;
