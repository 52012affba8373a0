/**
 * Every setting of Firstread, with unit, limits, default and the default's reason. docs/settings.md is generated from
 * this table (`firstread config --markdown`), and a test holds the two together.
 */
import { availableParallelism } from 'node:os';
import { checkDestinations } from './destinations.ts';
import { checkOidcRoles } from './oidc-roles.ts';
import type { OidcRolesSetting } from './oidc-roles.ts';
import type { DestinationSetting } from './destinations.ts';
import { integer, json, oneOf, real, text, texts, yesNo } from './setting.ts';

const AE = /^(?=.*\S)[\x20-\x5b\x5d-\x7e]{1,16}$/;
/** An AE title, or one bound to an address. */
const AE_AT_ADDRESS = /^(?=.*\S)[\x20-\x5b\x5d-\x7e]{1,16}$|^(?=.*\S)[\x20-\x5b\x5d-\x7e]{1,16}@[0-9a-fA-F.:]{3,45}$/;
/** Known schemes only: a link that a page opens must not run anything. At least one place for what is opened. */
const VIEWER_URL = /^$|^(?:https?:\/\/|(?:weasis|radiant|osirix|horos):)[^\s{}"<>\\^`|]*\{(?:StudyInstanceUID|AccessionNumber|PatientID)\}(?:[^\s{}"<>\\^`|]|\{(?:StudyInstanceUID|AccessionNumber|PatientID)\})*$/;
const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

export const SETTINGS = {
  // Where
  data: text({ default: './firstread-data', kind: 'folder', reason: 'Everything Firstread keeps lies under this folder; back it up as a whole.' }),
  models: texts({ default: [], kind: 'folders, comma-separated', reason: 'Folders with one sub-folder per model; empty means the shipped ones and those in models/ of the data folder, which win.' }),

  // Receiving
  dicomHost: text({ default: '0.0.0.0', kind: 'address', reason: 'Modalities must reach the listener; the AE lists and a firewall say who.' }),
  dicomPort: integer({ default: 11112, min: 0, max: 65535, unit: 'port', reason: 'IANA\'s DICOM port that needs no root; 0 takes a free one.' }),
  aeTitle: text({ default: 'FIRSTREAD', kind: 'AE title, 1–16 characters', pattern: AE, reason: 'Our own application entity title.' }),
  acceptAnyCalledAeTitle: yesNo({ default: true, reason: 'Devices are often set up with odd called titles; refusing them loses images. Set false once all are known.' }),
  callingAeTitles: texts({ default: [], kind: 'AE titles or AE@address, comma-separated', pattern: AE_AT_ADDRESS, reason: 'Who may send, and from where (XQUANG1@10.0.0.7); empty lets everybody in. Refused attempts are recorded with the reason.' }),
  dicomTlsCertificate: text({ default: '', kind: 'PEM file', reason: 'With its key: the DICOM listener speaks TLS only (PS3.15 B.12, 1.2 or later). Empty: no TLS.' }),
  dicomTlsKey: text({ default: '', kind: 'PEM file', reason: 'Private key of the certificate; readable by Firstread only.' }),
  dicomTlsClientCa: text({ default: '', kind: 'PEM file', reason: 'Set: devices must show a certificate that one of these authorities signed.' }),
  associationsMax: integer({ default: 200, min: 1, max: 5000, unit: 'associations', reason: 'More senders than a region has devices; bounds memory at about 2 MB each.' }),
  associationsPerPeerMax: integer({ default: 100, min: 1, max: 5000, unit: 'associations', reason: 'One address cannot take all places.' }),
  pduLengthMaxBytes: integer({ default: MIB, min: 4096, max: 64 * MIB, unit: 'bytes', reason: 'Longer PDUs are refused on their six-byte header.' }),
  objectMaxBytes: integer({ default: 2 * GIB - 1, min: MIB, max: 64 * GIB, unit: 'bytes', reason: 'A 3000 × 3000 film has 18 MB; multi-frame objects of other devices should still be kept.' }),
  artimTimeoutMs: integer({ default: 30_000, min: 100, max: 600_000, unit: 'ms', reason: 'PS3.8 ARTIM: a connection that does not ask for an association, or does not close, ends here.' }),
  associationIdleTimeoutMs: integer({ default: 60_000, min: 500, max: 3_600_000, unit: 'ms', reason: 'A sender silent for this long is gone; it may come back and send again.' }),

  // Keeping
  freeSpaceFloorBytes: integer({ default: 2 * GIB, min: 0, max: 1024 * GIB, unit: 'bytes', reason: 'Below it C-STORE answers A700H (out of resources) while the list still works: room for registry, reports and logs.' }),
  retentionDays: integer({ default: 30, min: 1, max: 36_500, unit: 'days', reason: 'Images older than this go, but only when read or closed and delivered; the PACS is the archive.' }),
  retentionFreeBytes: integer({ default: 10 * GIB, min: 0, max: 1024 * GIB, unit: 'bytes', reason: 'Below this much free space the oldest finished studies go earlier.' }),

  // Queue and workers
  redisUrl: text({ default: '', kind: 'redis:// or rediss:// address, or empty', pattern: /^$|^rediss?:\/\/[^\s]+$/, env: ['REDIS_URL'], secret: true, reason: 'Empty: the embedded queue. Set: BullMQ, so that workers on other machines can help.' }),
  queuePrefix: text({ default: 'firstread', kind: 'text', pattern: /^[A-Za-z0-9_-]{1,40}$/, reason: 'Key prefix in Redis, one per site where several share a server.' }),
  workers: integer({ default: 1, min: 0, max: 64, unit: 'processes', reason: 'Workers that the hub starts itself; 0 where all run elsewhere.' }),
  provider: text({ default: 'cpu', kind: 'cpu or cuda:N', pattern: /^(cpu|cuda:\d{1,2})$/, reason: 'Where models run. cuda without its libraries is an error, never a silent CPU run.' }),
  inferenceThreads: integer({ default: Math.min(4, availableParallelism()), min: 1, max: 64, unit: 'threads', reason: 'Per worker; small networks gain little beyond four.' }),
  decodeThreads: integer({ default: Math.max(1, Math.min(4, availableParallelism() - 1)), min: 1, max: 64, unit: 'threads', reason: 'Per worker; decoding goes on while the model runs.' }),
  decodeDeadlineMs: integer({ default: 20_000, min: 100, max: 600_000, unit: 'ms', reason: 'A damaged stream can spin for ever; the slowest honest film takes about 2 s on old hardware.' }),
  modelDeadlineMs: integer({ default: 300_000, min: 1_000, max: 86_400_000, unit: 'ms', reason: 'A driver can hang for ever; a batch takes seconds on a slow CPU. The worker that waits longer ends itself and is started again; a model that is slow by nature has 20 times what its batch took at warm-up, if that is more.' }),
  batchMax: integer({ default: 8, min: 1, max: 32, unit: 'images', reason: 'On a CPU larger batches only wait longer; on a GPU set 32.' }),
  leaseMs: integer({ default: 5000, min: 500, max: 600_000, unit: 'ms', reason: 'A worker silent for this long loses its jobs: recovery within 6 s.' }),
  attemptsMax: integer({ default: 3, min: 1, max: 20, unit: 'tries', reason: 'After that the image is set aside and the study asks for a human.' }),
  hubUrl: text({ default: '', kind: 'http(s):// address', reason: 'For `firstread worker` on another machine: where images are fetched.' }),
  workerToken: text({ default: '', kind: 'token', secret: true, reason: 'For `firstread worker` on another machine: the token that `firstread token --role worker` printed.' }),

  // Rules
  analyseSecondaryCapture: yesNo({ default: false, reason: 'Screenshots and our own pictures are secondary captures; digitised films may be too: set true where a film scanner writes them.' }),
  imageSideMinPixels: integer({ default: 200, min: 32, max: 4096, unit: 'pixels', reason: 'Smaller pictures are icons; the models read 256.' }),
  statCallingAeTitles: texts({ default: [], kind: 'AE titles, comma-separated', pattern: AE, reason: 'Devices whose studies are STAT, such as the emergency room\'s.' }),
  statCalledAeTitles: texts({ default: [], kind: 'AE titles, comma-separated', pattern: AE, reason: 'Called titles that mean STAT, for devices with two send buttons.' }),
  inpatientCallingAeTitles: texts({ default: [], kind: 'AE titles, comma-separated', pattern: AE, reason: 'Devices on the wards, such as mobile units.' }),
  waitCapCriticalMinutes: real({ default: 15, min: 1, max: 10_080, unit: 'minutes', reason: 'STAT and flagged: a quarter of an hour is what an emergency room expects.' }),
  waitCapUrgentMinutes: real({ default: 60, min: 1, max: 10_080, unit: 'minutes', reason: 'Flagged: within the hour, while the patient is still in the house.' }),
  waitCapUndeterminedMinutes: real({ default: 60, min: 1, max: 10_080, unit: 'minutes', reason: 'Not analysed: may be anything, so it counts as urgent.' }),
  waitCapRoutineMinutes: real({ default: 480, min: 1, max: 100_800, unit: 'minutes', reason: 'Not flagged: within a working day, because a model misses things.' }),

  claimMinutes: real({ default: 5, min: 2, max: 240, unit: 'minutes', reason: 'A reader\'s claim on a study lapses so long after the page was last heard of. A page renews it by itself while somebody uses it (after 15 minutes of nothing no more), so this only counts for closed lids and lost lines; a third of the cap of a critical study.' }),
  closeAfterDays: integer({ default: 0, min: 0, max: 36_500, unit: 'days', reason: 'Studies that waited so long are closed by rule, with that reason in their journal; 0: never, a person reads or closes. For sites that read elsewhere and send no final reports back.' }),

  // Delivering
  destinations: json<readonly DestinationSetting[]>({ default: [], kind: 'list of {name, host, port, calledAeTitle, …}', check: checkDestinations, reason: 'Where reports go; empty: reports are kept here only. See docs/settings.md for the fields.' }),
  deliveryTimeoutMs: integer({ default: 30_000, min: 500, max: 600_000, unit: 'ms', reason: 'A destination silent for this long is tried again later.' }),
  manufacturer: text({ default: 'Firstread', kind: 'text', pattern: /^[^\\\u0000-\u001f]{1,64}$/, reason: 'Manufacturer written into reports.' }),
  institutionName: text({ default: '', kind: 'text', pattern: /^[^\\\u0000-\u001f]{0,64}$/, reason: 'Institution that runs this Firstread, written into reports as the observer\'s.' }),

  // Web
  httpHost: text({ default: '127.0.0.1', kind: 'address', reason: 'The page shows patients: only this machine until users are set up (`firstread user add`).' }),
  httpPort: integer({ default: 8070, min: 0, max: 65535, unit: 'port', reason: '0 takes a free one.' }),
  httpNames: texts({ default: [], kind: 'host names, comma-separated', reason: 'Names under which the page is reached, besides this machine\'s own; other Host headers are refused.' }),
  dicomWebOrigins: texts({ default: [], kind: 'origins (https://host), comma-separated', pattern: /^https?:\/\/[a-z0-9.-]+(:\d{1,5})?$/, reason: 'Sites whose pages may read images over DICOMweb with a token, such as an OHIF elsewhere; empty: none. Viewers on workstations need no entry.' }),
  viewerUrl: text({ default: '', kind: 'address with {StudyInstanceUID}, {AccessionNumber} or {PatientID}, or empty', pattern: VIEWER_URL, reason: '"Open in my viewer" beside each study; http, https, weasis, radiant, osirix or horos. Empty: no such link.' }),
  httpTlsCertificate: text({ default: '', kind: 'PEM file', reason: 'With its key: the page speaks TLS itself (1.2 or later), for a hospital without a proxy. The chain in one file, own certificate first.' }),
  httpTlsKey: text({ default: '', kind: 'PEM file', reason: 'Private key of the certificate; readable by Firstread only.' }),
  trustedProxies: texts({ default: [], kind: 'addresses or networks, comma-separated', pattern: /^[0-9a-fA-F.:]{2,45}(\/\d{1,3})?$/, reason: 'Proxies in front of the page: X-Forwarded-For, -Proto and -Host are believed from them and from nobody else.' }),
  secureCookies: oneOf({ default: 'auto', values: ['auto', 'always'], reason: 'auto: cookies are Secure and __Host- wherever the page is reached over https. always: nobody signs in over plain http, except on this machine.' }),
  hstsDays: integer({ default: 180, min: 0, max: 730, unit: 'days', reason: 'Browsers that came over https come back over https only (RFC 6797). It holds for every port of the host name: 0 where another page there has no TLS.' }),
  sessionHours: real({ default: 12, min: 0.1, max: 168, unit: 'hours', reason: 'One shift.' }),
  passwordLengthMin: integer({ default: 12, min: 8, max: 64, unit: 'characters', reason: 'With lock-out, and a list of what is tried first. NIST SP 800-63B-4 asks for 15 where a password is all there is: three words.' }),

  // Signing in elsewhere (OpenID Connect)
  oidcIssuer: text({ default: '', kind: 'https:// address, or empty', pattern: /^$|^https:\/\/[^\s?#]+$|^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/[^\s?#]*)?$/, reason: 'The hospital\'s sign-in (Keycloak, Entra ID, AD FS …); empty: local users only. Plain http on this machine only.' }),
  oidcClientId: text({ default: '', kind: 'text', pattern: /^\S{0,200}$/, reason: 'What Firstread is called there; its redirect address is <page>/sign-in/oidc/callback.' }),
  oidcClientSecret: text({ default: '', kind: 'text, or file:/path', secret: true, reason: 'From the environment, the settings file, or a file of its own (file:/run/secrets/oidc). Empty: a public client with PKCE alone.' }),
  oidcScopes: texts({ default: ['openid', 'profile', 'email'], kind: 'scopes, comma-separated', pattern: /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/, reason: 'openid is needed; add the one that brings the groups where the provider asks for it.' }),
  oidcRoleClaim: text({ default: 'groups', kind: 'claim, or path of claims', pattern: /^\S{1,200}$/, reason: 'Where the groups are: in the ID token, else in userinfo. Keycloak\'s realm roles: realm_access.roles.' }),
  oidcRoles: json<OidcRolesSetting>({ default: {}, kind: 'group → role', check: checkOidcRoles, reason: 'Which group has which role. Whoever is in none of them does not get in: there is no default role.' }),
  oidcName: text({ default: '', kind: 'text', pattern: /^[^\u0000-\u001f<>]{0,40}$/, reason: 'On the button: "Sign in with …"; empty: "your hospital account", in the reader\'s language.' }),
  oidcCheckMinutes: real({ default: 15, min: 1, max: 1440, unit: 'minutes', reason: 'How often the provider is asked whether a session still holds, where it gave a refresh token.' }),

  // Running
  logLevel: oneOf({ default: 'info', values: ['debug', 'info', 'warn', 'error'], reason: 'Logs never carry patient data at any level.' }),
  logFormat: oneOf({ default: 'auto', values: ['auto', 'json', 'pretty'], reason: 'auto: pretty on a terminal, JSON lines otherwise.' }),
  shutdownGraceMs: integer({ default: 20_000, min: 100, max: 600_000, unit: 'ms', reason: 'SIGTERM: running associations may finish for this long.' }),
} as const;

export type SettingName = keyof typeof SETTINGS;
