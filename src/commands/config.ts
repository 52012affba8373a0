/** `firstread config`: every setting with its value, unit and where the value came from. */
import { environmentOf, flagOf } from '../config/config.ts';
import { SETTINGS } from '../config/settings.ts';
import type { SettingName } from '../config/settings.ts';
import type { Setting } from '../config/setting.ts';
import { formatTable, parseCommand } from './command.ts';
import type { CommandIo } from './command.ts';

export const help = `usage: firstread config [--json | --markdown] [settings]

Prints every setting with its value, unit and origin (default, file, environment, command line), and checks them.

  --json       as one JSON object: {name: {value, unit, origin, kind, reason}}
  --markdown   the table of docs/settings.md (defaults, not values)
`;

const shown = (setting: Setting<unknown>, value: unknown): string => {
  if (setting.secret) return value === '' ? '(not set)' : '(set)';
  if (Array.isArray(value)) return value.length === 0 ? '(none)' : typeof value[0] === 'string' ? value.join(', ') : JSON.stringify(value);
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0 ? '(none)' : JSON.stringify(value);
  return value === '' ? '(empty)' : String(value);
};

/** The generated part of docs/settings.md; machine-dependent defaults are described, not evaluated. */
export function settingsMarkdown(): string {
  const rows = (Object.entries(SETTINGS) as [SettingName, Setting<unknown>][]).map(([name, setting]) => {
    const value = name === 'inferenceThreads' || name === 'decodeThreads' ? 'by cores' : shown(setting, setting.default);
    const cells = [`\`${name}\``, value, setting.unit ?? '', setting.kind.replaceAll('|', '\\|'), `\`--${flagOf(name)}\`, \`${environmentOf(name).join('`, `')}\``, setting.reason];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| setting | default | unit | values | flag, environment | what and why |', '|---|---|---|---|---|---|', ...rows].join('\n') + '\n';
}

export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, loaded } = parseCommand(argv, { json: { type: 'boolean' }, markdown: { type: 'boolean' } });
  if (values.markdown) {
    io.stdout.write(settingsMarkdown());
    return 0;
  }
  const entries = (Object.entries(SETTINGS) as [SettingName, Setting<unknown>][]).map(([name, setting]) => ({
    name,
    setting,
    value: loaded.config[name] as unknown,
    origin: loaded.origins[name],
  }));
  if (values.json) {
    const object = Object.fromEntries(
      entries.map(({ name, setting, value, origin }) => [
        name,
        { value: setting.secret ? shown(setting, value) : value, unit: setting.unit ?? null, origin, kind: setting.kind, reason: setting.reason },
      ]),
    );
    io.stdout.write(`${JSON.stringify(object, null, 2)}\n`);
    return 0;
  }
  io.stdout.write(formatTable(
    ['setting', 'value', 'unit', 'origin'],
    entries.map(({ name, setting, value, origin }) => [name, shown(setting, value), setting.unit ?? '', origin]),
    [30, 60, 14, 40],
  ));
  io.stdout.write(`\nSettings file: ${loaded.file ?? `none (would be ${loaded.config.data}/firstread.json)`}\n`);
  return 0;
}
