/** The one line of a row in the page's language. English comes from the server as it is; Vietnamese is put together here. */
import { plain, scoreText, thresholdText } from './format.js';
import { currentLanguage, t } from './strings.js';

/** By the codes of study/reasons.ts; a test holds the two together. */
export const REASONS_VI = {
  'not-an-image': 'không phải ảnh',
  'modality': 'không phải phim X-quang thường quy',
  'secondary-capture': 'ảnh chụp thứ cấp',
  'for-processing': 'ảnh thô của đầu thu (For Processing)',
  'photometric': 'ảnh màu',
  'multi-frame': 'nhiều hơn một khung hình',
  'too-small': 'ảnh quá nhỏ',
  'animal': 'không phải bệnh nhân là người',
  'body-part': 'vùng cơ thể không phải ngực',
  'view-lateral': 'phim nghiêng',
  'view-oblique': 'phim chếch',
  'view-decubitus': 'phim tư thế nằm nghiêng',
  'pixels-not-frontal-chest': 'không phải phim ngực thẳng',
  'no-pixel-data': 'ảnh không có dữ liệu điểm ảnh',
  'pixels-damaged': 'dữ liệu điểm ảnh bị hỏng',
  'pixels-over-limit': 'dữ liệu điểm ảnh vượt giới hạn',
  'pixels-unsupported': 'kiểu mã hóa ảnh không được hỗ trợ',
  'pixels-blank': 'ảnh trống',
  'decode-timeout': 'giải mã quá lâu',
  'data-set-damaged': 'tệp bị hỏng',
  'positioning': 'tư thế chụp',
  'instance-missing': 'không tìm thấy tệp đã lưu',
  'quarantined': 'mọi lần thử đều thất bại',
  'answer-mismatched': 'bộ xử lý trả lời nhầm câu hỏi',
  'conflict': 'một ảnh khác đến với cùng mã định danh',
  'uid-in-other-study': 'mã ảnh đã được dùng ở ca khác',
  'uid-of-other-patient': 'cùng mã ảnh nhưng của bệnh nhân khác',
  'study-of-other-patient': 'ca chứa ảnh của nhiều bệnh nhân',
  'study-uid-missing': 'thiết bị gửi thiếu Study Instance UID: lưu riêng, không báo cáo',
  'age-below-minimum': 'bệnh nhân nhỏ tuổi hơn mức mô hình cho phép',
  'age-above-maximum': 'bệnh nhân lớn tuổi hơn mức mô hình cho phép',
  'model-off': 'mô hình đang tắt',
  'variant': 'một kiểu mã hóa khác của cùng ảnh',
  'header-body-part': 'thông tin ghi vùng cơ thể khác, ảnh là phim ngực thẳng',
  'header-view': 'thông tin ghi tư thế khác, ảnh là phim ngực thẳng',
  'header-modality': 'loại máy và SOP class mâu thuẫn, ảnh là phim ngực thẳng',
  'frontal-uncertain': 'không chắc đây là phim ngực thẳng',
  'view-unknown': 'không rõ tư thế và khoảng cách điểm ảnh',
  'receiving': 'Đang chờ ảnh',
  'analysing': 'Đang phân tích',
  'flagged': 'Gắn cờ',
  'below-threshold': 'Dưới ngưỡng',
  'not-assessed': 'Không đánh giá',
  'new-image': 'Có ảnh mới sau khi đã đọc',
  'new-image-after-closing': 'Có ảnh mới sau khi đã đóng',
  'conflict-after-reading': 'Có ảnh mâu thuẫn sau khi đã đọc',
  'marked-unread': 'Được đưa lại danh sách',
};

const capitalised = (text) => text.charAt(0).toLocaleUpperCase('vi') + text.slice(1);
const vietnamese = (reason) => REASONS_VI[reason.code] ?? plain(reason.text);

export const reasonText = (reason) => (currentLanguage() === 'vi' ? vietnamese(reason) : plain(reason.text));

export function reasonLine(row) {
  if (currentLanguage() !== 'vi') return plain(row.reason.text);
  const scores = (findings) => findings.map((one) => `${t(`family.${one.family}`)} ${scoreText(one.score)} (${t(one.siteThreshold === undefined ? 'panel.threshold' : 'panel.siteThreshold', { n: thresholdText(one.threshold) })})`).join(', ');
  const flagged = row.findings.filter((one) => one.flagged);
  const parts = [];
  if (flagged.length > 0) parts.push(scores(flagged));
  else if (row.reason.code === 'below-threshold') parts.push(`${vietnamese(row.reason)}: ${row.findings.map((one) => `${t(`family.${one.family}`)} ${scoreText(one.score)}`).join(', ')}`);
  else parts.push(capitalised(vietnamese(row.reason)));
  if (row.attention !== null && row.attention.code !== row.reason.code) parts.push(vietnamese(row.attention));
  for (const missing of row.notAssessed) parts.push(`${t(`family.${missing.family}`)} ${t('panel.notAssessed')}: ${vietnamese(missing.reason)}`);
  for (const missing of row.partlyNotAssessed) parts.push(`${t(`family.${missing.family}`)}: ảnh khác chưa được đánh giá (${vietnamese(missing.reason)})`);
  if (row.reopenedReason !== null) parts.push(vietnamese(row.reopenedReason));
  return parts.join(' · ');
}
