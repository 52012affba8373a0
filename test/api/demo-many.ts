/** As many studies as a test wants, the same each time: names of four alphabets, every state, waits from minutes to days. */
import { demoStudy, type DemoCase, type DemoStudy } from './demo-studies.ts';

const FAMILY = ['NGUYỄN', 'TRẦN', 'LÊ', 'PHẠM', 'HUỲNH', 'ĐỖ', 'محمد', '王', 'O\'Brien', 'VÕ'];
const GIVEN = ['VĂN AN', 'THỊ BÌNH', 'QUỐC BẢO', 'MINH CHÂU', 'عبد الله', '小东', 'ĐỨC HUY', 'NGỌC LAN', 'XUÂN TRƯỜNG'];

/** Park and Miller's generator: the same numbers each time. */
function numbers(): (below: number) => number {
  let seed = 20_261_121;
  return (below) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
}

export function manyStudies(count: number, nowMs: number): DemoStudy[] {
  const any = numbers();
  return Array.from({ length: count }, (_one, index) => {
    const name = `${FAMILY[any(FAMILY.length)]}^${GIVEN[any(GIVEN.length)]} ${index + 1}`;
    const common = { name, sex: any(2) === 0 ? 'M' : 'F', age: 1 + any(94), inpatient: any(6) === 0, waitedMin: 1 + any(600) };
    return demoStudy(caseOf(common, any(100), any(100)), index, nowMs);
  });
}

function caseOf(common: Pick<DemoCase, 'name' | 'sex' | 'age' | 'inpatient' | 'waitedMin'>, kind: number, score: number): DemoCase {
  if (kind < 3) return { ...common, state: 'attention', priority: 'undetermined', reason: ['pixels-damaged', 'Could not be analysed: the pixel data is damaged'], attention: true };
  if (kind < 6) return { ...common, state: 'analysing', priority: 'undetermined', reason: ['analysing', 'Analysing'], waitedMin: 0.2 };
  if (kind < 8) return { ...common, state: 'ineligible', priority: 'routine', reason: ['view-lateral', 'Not analysed: lateral view'] };
  if (kind < 22) return { ...common, state: 'delivered', priority: 'urgent', reason: ['flagged', `Tuberculosis ${42 + (score % 58)} (threshold 42)`], tb: 42 + (score % 58), nodule: score % 50 };
  return { ...common, state: 'delivered', priority: 'routine', reason: ['below-threshold', `Below threshold: tuberculosis ${score % 42}, lung nodule ${score % 37}`], tb: score % 42, nodule: score % 37 };
}
