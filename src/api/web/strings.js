/**
 * Every string of the page, English and Vietnamese side by side. `{name}` is filled in. Nowhere the word "normal" nor
 * its Vietnamese counterpart: a study is flagged or not flagged, and not flagged says nothing about health.
 */
const STRINGS = {
  'app.tagline': ['Which chest X-ray to read first', 'Đọc phim ngực nào trước'],
  'app.only': ['AI – prioritisation only. Every study needs a reader; not flagged does not mean free of disease.', 'AI – chỉ để xếp thứ tự ưu tiên. Mọi ca đều cần bác sĩ đọc; không gắn cờ không có nghĩa là không có bệnh.'],
  'top.search': ['Name, ID, accession', 'Tên, mã BN, số phiếu'],
  'top.search.label': ['Search the worklist', 'Tìm trong danh sách'],
  'top.showRead': ['Show read', 'Hiện ca đã đọc'],
  'top.theme': ['Light or dark', 'Sáng hoặc tối'],
  'top.theme.dark': ['Dark', 'Tối'],
  'top.theme.light': ['Light', 'Sáng'],
  'top.theme.system': ['As the system', 'Theo hệ thống'],
  'top.language': ['Tiếng Việt', 'English'],
  'top.help': ['Keyboard', 'Bàn phím'],
  'top.signOut': ['Sign out', 'Đăng xuất'],
  'top.live': ['Live', 'Trực tuyến'],
  'top.waiting': ['Connecting', 'Đang kết nối'],

  'count.unread': ['{n} unread', '{n} chưa đọc'],
  'count.flagged': ['{n} flagged', '{n} gắn cờ'],
  'count.attention': ['{n} need a look', '{n} cần xem'],
  'count.analysing': ['{n} analysing', '{n} đang phân tích'],
  'count.overdue': ['{n} overdue', '{n} quá hạn'],

  'flag.flagged': ['Flagged', 'Gắn cờ'],
  'flag.not-flagged': ['Not flagged', 'Không gắn cờ'],
  'flag.analysing': ['Analysing', 'Đang phân tích'],
  'flag.not-analysed': ['Not analysed', 'Không phân tích'],
  'flag.look': ['Needs a look', 'Cần xem'],
  'flag.attention': ['Could not be analysed', 'Không phân tích được'],

  'column.rank': ['#', '#'],
  'column.flag': ['Flag', 'Cờ'],
  'column.patient': ['Patient', 'Bệnh nhân'],
  'column.reason': ['Reason', 'Lý do'],
  'column.study': ['Study', 'Ca chụp'],
  'column.waiting': ['Waiting', 'Đã chờ'],
  'column.state': ['State', 'Trạng thái'],

  'state.receiving': ['Receiving', 'Đang nhận'],
  'state.analysing': ['Analysing', 'Đang phân tích'],
  'state.assessed': ['Assessed', 'Đã đánh giá'],
  'state.reported': ['Report written', 'Đã lập báo cáo'],
  'state.delivered': ['Delivered', 'Đã gửi'],
  'state.ineligible': ['Out of scope', 'Ngoài phạm vi'],
  'state.attention': ['Needs a look', 'Cần xem'],
  'state.read': ['Read', 'Đã đọc'],
  'state.readBy': ['Read by {who}', '{who} đã đọc'],
  'state.closed': ['Closed', 'Đã đóng'],

  'family.tuberculosis': ['Tuberculosis', 'Lao phổi'],
  'family.tuberculosis.short': ['TB', 'Lao'],
  'family.lung nodule': ['Lung nodule', 'Nốt phổi'],
  'family.lung nodule.short': ['Nodule', 'Nốt'],

  'patient.unnamed': ['No name', 'Không có tên'],
  'patient.noId': ['no ID', 'không có mã'],
  'patient.years': ['{n} y', '{n} tuổi'],
  'patient.guessed': ['The file does not say which alphabet it uses: the name was recognised, check it', 'Tệp không ghi rõ bảng mã: tên được nhận dạng, hãy kiểm tra lại'],
  'patient.inpatient': ['Ward', 'Nội trú'],
  'patient.sex.M': ['M', 'Nam'],
  'patient.sex.F': ['F', 'Nữ'],
  'patient.sex.O': ['O', 'Khác'],
  'stat': ['STAT', 'CẤP CỨU'],
  'stat.from': ['STAT: {source}', 'Cấp cứu: {source}'],

  'wait.of': ['of {cap}', 'trên {cap}'],
  'wait.over': ['{time} over', 'quá {time}'],
  'wait.min': ['{n} min', '{n} phút'],
  'wait.hour': ['{h} h {m}', '{h} giờ {m}'],
  'wait.hours': ['{h} h', '{h} giờ'],
  'wait.days': ['{d} d {h} h', '{d} ngày {h} giờ'],

  'list.label': ['Worklist, most pressing first', 'Danh sách đọc, khẩn nhất trước'],
  'list.loading': ['Loading the worklist', 'Đang tải danh sách'],
  'list.empty': ['Nothing waits to be read.', 'Không có ca nào chờ đọc.'],
  'list.empty.hint': ['New studies appear here by themselves as soon as their images arrive.', 'Ca mới sẽ tự hiện ở đây ngay khi ảnh đến.'],
  'list.emptySearch': ['Nothing found for “{search}”.', 'Không tìm thấy “{search}”.'],
  'list.emptySearch.hint': ['Accents and case do not matter. Studies that were read are shown with “Show read”.', 'Không phân biệt dấu và chữ hoa. Chọn “Hiện ca đã đọc” để xem ca đã đọc.'],
  'list.more': ['Show more', 'Hiện thêm'],
  'list.held': ['The order has changed', 'Thứ tự đã đổi'],
  'list.held.new': ['{n} new, the order has changed', '{n} ca mới, thứ tự đã đổi'],
  'list.held.show': ['Show', 'Hiện'],
  'list.offline': ['The server does not answer. This list is from {time}; trying again.', 'Máy chủ không trả lời. Danh sách này lúc {time}; đang thử lại.'],
  'list.failed': ['The list could not be loaded ({code}).', 'Không tải được danh sách ({code}).'],

  'panel.label': ['Study', 'Ca chụp'],
  'panel.close': ['Close', 'Đóng'],
  'panel.picture': ['Chest picture, image {n} of {count}', 'Ảnh ngực {n} trên {count}'],
  'panel.image': ['Image {n}', 'Ảnh {n}'],
  'panel.overlay': ['Overlay', 'Lớp phủ'],
  'panel.wide': ['Large', 'Phóng to'],
  'panel.noPicture': ['No picture yet', 'Chưa có ảnh'],
  'panel.noPicture.hint': ['The stored image itself is safe; open it in your viewer.', 'Ảnh gốc vẫn được lưu; hãy mở bằng phần mềm xem ảnh.'],
  'panel.nothingMarked': ['No region above the threshold is marked. That does not say that nothing is there.', 'Không có vùng nào vượt ngưỡng được đánh dấu. Điều đó không có nghĩa là không có gì.'],
  'panel.preview': ['Reduced picture: read on your viewer', 'Ảnh thu nhỏ: hãy đọc trên phần mềm xem ảnh'],
  'panel.findings': ['Scores', 'Điểm số'],
  'panel.threshold': ['threshold {n}', 'ngưỡng {n}'],
  'panel.flagged': ['flagged', 'gắn cờ'],
  'panel.below': ['below threshold', 'dưới ngưỡng'],
  'panel.model': ['{name} {version}', '{name} {version}'],
  'panel.interim': ['interim model', 'mô hình tạm thời'],
  'panel.axis': ['{n} mm', '{n} mm'],
  'panel.axisDetector': ['{n} mm at the detector', '{n} mm tại đầu thu'],
  'panel.only': ['Prioritisation only', 'Chỉ để xếp ưu tiên'],
  'panel.notAssessed': ['not assessed', 'không đánh giá'],
  'panel.journal': ['Journal', 'Nhật ký'],
  'panel.why': ['Why here?', 'Vì sao ở đây?'],
  'panel.reports': ['Reports', 'Báo cáo'],
  'panel.report': ['{family}, revision {n} (DICOM SR)', '{family}, bản {n} (DICOM SR)'],
  'panel.picture': ['{family}, revision {n} (picture)', '{family}, bản {n} (hình ảnh)'],
  'panel.deliveries': ['Deliveries', 'Gửi đi'],
  'panel.technical': ['Technical', 'Kỹ thuật'],
  'panel.technical.uid': ['Study Instance UID', 'Study Instance UID'],
  'panel.technical.from': ['Sent by', 'Gửi từ'],
  'panel.technical.syntax': ['Transfer syntax', 'Transfer syntax'],
  'panel.technical.size': ['Size', 'Kích thước'],
  'panel.technical.timing': ['Decode, inference, in all', 'Giải mã, suy luận, tổng'],
  'panel.technical.device': ['Device', 'Thiết bị'],
  'panel.gone': ['This study cannot be shown: {message}', 'Không hiển thị được ca này: {message}'],

  'delivery.pending': ['pending', 'đang chờ'],
  'delivery.sent': ['sent', 'đã gửi'],
  'delivery.verified': ['verified', 'đã xác nhận'],
  'delivery.failed': ['failed', 'thất bại'],

  'do.read': ['Mark read', 'Đã đọc'],
  'do.unread': ['Back to the list', 'Đưa lại danh sách'],
  'do.stat': ['Make STAT', 'Chuyển cấp cứu'],
  'do.unstat': ['Clear STAT', 'Bỏ cấp cứu'],
  'do.acknowledge': ['I have looked', 'Tôi đã xem'],
  'do.close': ['Close study…', 'Đóng ca…'],
  'do.close.ask': ['Why is this study closed without a reading?', 'Vì sao đóng ca này mà không đọc?'],
  'do.close.confirm': ['Close study', 'Đóng ca'],
  'do.cancel': ['Cancel', 'Hủy'],
  'do.undo': ['Undo', 'Hoàn tác'],
  'done.read': ['{name}: marked read', '{name}: đã đánh dấu đã đọc'],
  'done.unread': ['{name}: back on the list', '{name}: đã đưa lại danh sách'],
  'done.stat': ['{name}: STAT', '{name}: cấp cứu'],
  'done.unstat': ['{name}: STAT cleared', '{name}: đã bỏ cấp cứu'],
  'done.acknowledge': ['{name}: noted', '{name}: đã ghi nhận'],
  'done.close': ['{name}: closed', '{name}: đã đóng'],

  'help.title': ['Keyboard', 'Bàn phím'],
  'help.move': ['Move down and up', 'Xuống và lên'],
  'help.open': ['Open the study', 'Mở ca'],
  'help.read': ['Mark read, or back to the list', 'Đánh dấu đã đọc, hoặc đưa lại'],
  'help.stat': ['STAT on or off', 'Bật hoặc tắt cấp cứu'],
  'help.overlay': ['Overlay on or off', 'Bật hoặc tắt lớp phủ'],
  'help.wide': ['Picture large or beside the list', 'Phóng to hoặc thu nhỏ ảnh'],
  'help.why': ['Why is it above the next one?', 'Vì sao ca này đứng trên ca sau?'],
  'help.search': ['Search', 'Tìm'],
  'help.update': ['Show the new order now', 'Hiện thứ tự mới ngay'],
  'help.close': ['Close', 'Đóng'],
  'help.help': ['This list', 'Bảng này'],

  'signIn.title': ['Sign in', 'Đăng nhập'],
  'signIn.link': ['Open the one-time sign-in link that the server printed when it started.', 'Hãy mở liên kết đăng nhập một lần mà máy chủ đã in ra khi khởi động.'],
  'signIn.linkOr': ['Or open a one-time sign-in link.', 'Hoặc mở liên kết đăng nhập một lần.'],
  'signIn.name': ['Name', 'Tên'],
  'signIn.password': ['Password', 'Mật khẩu'],
  'signIn.go': ['Sign in', 'Đăng nhập'],
  'signIn.ended': ['Your session has ended. Sign in again to go on.', 'Phiên làm việc đã hết. Hãy đăng nhập lại.'],

  'error.offline': ['The server does not answer', 'Máy chủ không trả lời'],
  'error.not-signed-in': ['Your session has ended', 'Phiên làm việc đã hết'],
  'error.not-allowed': ['Your role may not do that', 'Vai trò của bạn không được phép'],
  'error.not-found': ['It is not there any more', 'Không còn tồn tại'],
  'error.step-refused': ['Not possible in its present state', 'Không thể ở trạng thái hiện tại'],
  'error.credentials-wrong': ['Name or password is wrong', 'Sai tên hoặc mật khẩu'],
  'error.link-invalid': ['This link was used before or has expired. Ask for a new one where Firstread runs.', 'Liên kết đã dùng hoặc đã hết hạn. Hãy lấy liên kết mới trên máy chạy Firstread.'],
  'error.too-many-attempts': ['Too many attempts: wait a little', 'Thử quá nhiều lần: hãy đợi một lát'],
  'error.other': ['That did not work ({code})', 'Không thực hiện được ({code})'],
};

const LANGUAGES = ['en', 'vi'];
const KEPT_AS = 'firstread.language';

let language = LANGUAGES.includes(localStorage.getItem(KEPT_AS)) ? localStorage.getItem(KEPT_AS) : navigator.language.startsWith('vi') ? 'vi' : 'en';
document.documentElement.lang = language;

export const currentLanguage = () => language;

export function switchLanguage() {
  language = language === 'en' ? 'vi' : 'en';
  localStorage.setItem(KEPT_AS, language);
  document.documentElement.lang = language;
}

export function t(key, values = {}) {
  const text = STRINGS[key]?.[LANGUAGES.indexOf(language)];
  if (text === undefined) return key;
  return text.replace(/\{(\w+)\}/g, (_all, name) => String(values[name] ?? ''));
}

export const hasText = (key) => key in STRINGS;

/** For the test that no language lacks a string. */
export const ALL_STRINGS = STRINGS;
