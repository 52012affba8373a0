/**
 * A study's journal in the page's language. English comes from the server as it is; Vietnamese is put together here from
 * the facts that come along. Of an entry without facts the kind alone is said.
 */
import { plain, scoreText, thresholdText } from '../format.js';
import { reasonText } from '../reasons.js';
import { currentLanguage, t } from '../strings.js';

const scoreWords = ({ family, score, threshold, bySite }) => `${t(`family.${family}`)} ${scoreText(score)} (${t(bySite ? 'panel.siteThreshold' : 'panel.threshold', { n: thresholdText(threshold) })})`;
const offWords = (family) => `${t(`family.${family}`)} ${t('panel.notAssessed')}: mô hình đang tắt`;
const withWords = (head, { words, reason } = {}) => [head, words === undefined ? reason && reasonText(reason) : plain(words)].filter(Boolean).join(': ');

function analysed({ outcome, scores = [], switchedOff = [], reason } = {}) {
  if (outcome === 'compared') return 'Đã so sánh với ảnh đầu tiên';
  if (outcome === 'ineligible') return withWords('Không phân tích', { reason });
  if (outcome === 'unreadable') return withWords('Không phân tích được', { reason });
  if (outcome !== 'scored') return 'Đã phân tích';
  return `Kết quả phân tích: ${[...scores.map(scoreWords), ...switchedOff.map(offWords)].join(', ') || 'không có mô hình nào áp dụng'}`;
}

const READ_WHERE = { here: 'Đã đọc', 'final-report': 'Đã đọc: có kết quả cuối cùng ở nơi khác', rule: 'Đã đọc: theo quy tắc của cơ sở' };

/** By the kinds of study/events.ts. */
export const JOURNAL_VI = {
  announced: () => 'Có chỉ định',
  instanceStored: (facts) => withWords('Đã lưu ảnh', facts),
  instanceCompared: ({ samePicture } = {}) => (samePicture === undefined ? 'Đã so sánh với ảnh đầu tiên' : samePicture ? 'Cùng một ảnh, kiểu mã hóa khác' : 'Một ảnh khác đến với cùng mã định danh'),
  instanceAnalysed: analysed,
  analysisFailed: ({ attempts } = {}) => (attempts === undefined ? 'Dừng phân tích sau nhiều lần thất bại' : `Dừng phân tích sau ${attempts} lần thất bại`),
  retried: () => 'Sẽ phân tích lại',
  reportsWritten: ({ revision } = {}) => (revision === undefined ? 'Đã lập báo cáo' : `Đã lập báo cáo, bản ${revision}`),
  deliveriesDone: ({ revision } = {}) => (revision === undefined ? 'Đã gửi báo cáo' : `Đã gửi báo cáo, bản ${revision}`),
  deliveriesDropped: ({ revision } = {}) => (revision === undefined ? 'Không gửi nữa: đã bỏ bằng tay' : `Không gửi bản ${revision} nữa: đã bỏ bằng tay`),
  prioritised: ({ stat } = {}) => (stat === undefined ? 'Đổi mức cấp cứu' : stat ? 'Chuyển cấp cứu' : 'Bỏ cấp cứu'),
  read: ({ where } = {}) => READ_WHERE[where] ?? 'Đã đọc',
  unread: () => 'Đưa lại danh sách',
  closed: (facts) => withWords('Đã đóng', facts),
  acknowledged: (facts) => withWords('Đã ghi nhận cảnh báo', facts),
};

export const journalText = ({ kind, text, facts }) => (currentLanguage() === 'vi' && Object.hasOwn(JOURNAL_VI, kind) ? JOURNAL_VI[kind](facts) : plain(text));
