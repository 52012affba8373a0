/**
 * Passwords that are tried first (PURE): stems that a decoration of digits and signs does not make better, in English
 * and Vietnamese, and what a hand types along the keyboard. Leaves out lists of leaked passwords: megabytes for what
 * length and lock-out do already.
 */
const STEMS: ReadonlySet<string> = new Set([
  'password', 'passwort', 'passphrase', 'letmein', 'letmeinplease', 'welcome', 'changeme', 'changemenow', 'default', 'temporary', 'secret', 'topsecret', 'iloveyou', 'iloveyousomuch',
  'trustno', 'monkey', 'dragon', 'football', 'baseball', 'superman', 'batman', 'sunshine', 'princess', 'starwars', 'whatever', 'computer', 'internet', 'master', 'login', 'logmein',
  'admin', 'administrator', 'administrador', 'adminadmin', 'root', 'rootroot', 'user', 'useruser', 'guest', 'operator', 'testtest', 'test', 'testing', 'demo', 'support', 'service', 'system', 'database', 'server',
  'hospital', 'radiology', 'radiologist', 'radiologia', 'firstread', 'firstreadadmin', 'xray', 'xrayxray', 'dicom', 'pacs', 'pacspacs', 'pacsadmin', 'doctor', 'nurse', 'medical', 'medicine', 'clinic', 'patient', 'health', 'healthcare',
  'correcthorsebatterystaple',
  'matkhau', 'matkhaumoi', 'benhvien', 'benhviendakhoa', 'bacsi', 'xquang', 'chandoanhinhanh', 'khoacdha', 'yeuem', 'anhyeuem', 'emyeuanh', 'iuem', 'vietnam', 'vietnamvodich', 'hanoi', 'saigon', 'hochiminh', 'thanhphohochiminh',
  'xinchao', 'quantri', 'quantrivien', 'nguyenvana', 'suckhoe', 'khongbiet', 'khongco',
]);
const ROWS = ['01234567890123456789', 'abcdefghijklmnopqrstuvwxyz', 'qwertyuiopasdfghjklzxcvbnm', '1qaz2wsx3edc4rfv5tgb6yhn7ujm', 'azertyuiopqsdfghjklm', 'qwertzuiopasdfghjkl'];
const RUN_MIN = 8;

/** True also for `Matkhau@2026!`, `mật khẩu 123456`, `abcabcabcabc`, `qwertyuiop12`. */
export function isForbiddenPassword(password: string): boolean {
  const plain = password.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replaceAll('đ', 'd');
  // What is hung on at the ends is decoration; in between it stands for a letter.
  const letters = plain.replace(/^[^a-z@]+|[^a-z]+$/g, '').replace(/[@4]/g, 'a').replace(/0/g, 'o').replace(/[!1]/g, 'i').replace(/3/g, 'e').replace(/[$5]/g, 's');
  return [plain, letters].some((text) => STEMS.has(stemOf(text))) || STEMS.has(stemOf(plain.replace(/[^a-z]/g, ''))) || isRepetition(plain) || isRun(plain.replace(/[^a-z0-9]/g, ''));
}

/** Without what people hang on to it: signs anywhere, digits at either end. */
const stemOf = (text: string): string => text.replace(/[^a-z0-9]/g, '').replace(/^\d+|\d+$/g, '');

const isRepetition = (text: string): boolean => /^(.{1,5})\1{2,}.{0,4}$/su.test(text) || new Set(text).size < 5;

/** Most of it lies along a row of the keyboard, forwards or backwards. */
function isRun(text: string): boolean {
  const turned = [...text].reverse().join('');
  return text.length > 0 && [text, turned].some((one) => ROWS.some((row) => {
    for (let at = 0; at + RUN_MIN <= one.length; at += 1) {
      let length = RUN_MIN;
      if (!row.includes(one.slice(at, at + length))) continue;
      while (at + length < one.length && row.includes(one.slice(at, at + length + 1))) length += 1;
      if (one.length - length <= 4) return true;
    }
    return false;
  }));
}
