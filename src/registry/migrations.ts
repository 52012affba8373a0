/**
 * The registry's schema, version by version, forward only: `user_version` counts how many of these have run. A released
 * entry is never edited; a change is a new entry at the end.
 *
 * Rows are STRICT. A column exists where something is searched, sorted or joined by it; the rest is JSON. Times are epoch
 * milliseconds. `study_events` is append-only by trigger. Files are named by hash (file_key), never by a peer's words.
 */
/** study/flag.ts, said of the columns that schema version 1 has. */
export const FLAG_BY_COLUMNS = `CASE
      WHEN flagged <> '' THEN 'flagged'
      WHEN state = 'attention' OR attention = 1 THEN 'not-analysed'
      WHEN state IN ('receiving', 'analysing') THEN 'analysing'
      WHEN state = 'ineligible' OR scored = 0 THEN 'not-analysed'
      ELSE 'not-flagged' END`;

/** Which studies of schema version 1 are still to be brought up to date; absent: none. */
export const BACKFILL_SETTING = 'studies-backfill';

export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE studies (
    id INTEGER PRIMARY KEY,
    study_uid TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    priority TEXT NOT NULL,
    on_list INTEGER NOT NULL,              -- neither read nor closed
    outstanding INTEGER NOT NULL,          -- some command is still to be done
    stat INTEGER NOT NULL,
    received_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    waiting_since_ms INTEGER NOT NULL,     -- received, or back on the list
    left_at_ms INTEGER,                    -- read or closed
    read_by TEXT,
    inpatient INTEGER NOT NULL,
    age_years REAL,
    flagged TEXT NOT NULL,                 -- flagged families, each between bars: '|tuberculosis|'
    scored INTEGER NOT NULL,               -- some model gave a score
    attention INTEGER NOT NULL,
    calling_ae TEXT,
    institution TEXT,
    patient_id TEXT,
    accession_number TEXT,
    search_text TEXT NOT NULL,             -- folded: name, patient id, accession, description
    summary_json TEXT NOT NULL             -- StudySummary: all that a list row needs
  ) STRICT;
  -- Ranking reads these columns of every open study, and nothing else.
  CREATE INDEX studies_on_list ON studies (waiting_since_ms, priority, inpatient, age_years, study_uid) WHERE on_list = 1;
  CREATE INDEX studies_open_counts ON studies (state, priority, flagged, scored, attention) WHERE on_list = 1;
  CREATE INDEX studies_search ON studies (received_at_ms DESC, search_text);
  CREATE INDEX studies_outstanding ON studies (stat DESC, received_at_ms) WHERE outstanding = 1;
  CREATE INDEX studies_outstanding_id ON studies (id) WHERE outstanding = 1;
  CREATE INDEX studies_left ON studies (left_at_ms DESC, search_text) WHERE on_list = 0;
  CREATE INDEX studies_patient ON studies (patient_id);
  CREATE INDEX studies_accession ON studies (accession_number);

  -- Apart from its study: heavy (heatmaps, regions), written seldom.
  CREATE TABLE assessments (
    study_uid TEXT PRIMARY KEY REFERENCES studies (study_uid),
    assessment_json TEXT NOT NULL
  ) STRICT;

  CREATE TABLE instances (
    id INTEGER PRIMARY KEY,
    sop_uid TEXT NOT NULL,
    content_sha256 TEXT NOT NULL,
    study_uid TEXT NOT NULL REFERENCES studies (study_uid),
    file_key TEXT NOT NULL UNIQUE,
    byte_length INTEGER NOT NULL,
    received_at_ms INTEGER NOT NULL,
    calling_ae TEXT NOT NULL,
    remote_address TEXT NOT NULL,
    status TEXT NOT NULL,
    standing_json TEXT NOT NULL,           -- StudyInstance
    header_json TEXT NOT NULL,             -- InstanceHeader
    origin_json TEXT NOT NULL,             -- InstanceOrigin
    removed_at_ms INTEGER,                 -- the file was removed by retention; the row stays
    UNIQUE (sop_uid, content_sha256)
  ) STRICT;
  CREATE INDEX instances_study ON instances (study_uid, id);
  CREATE INDEX instances_received ON instances (received_at_ms, calling_ae, remote_address);
  CREATE INDEX instances_bytes ON instances (byte_length) WHERE removed_at_ms IS NULL;

  CREATE TABLE study_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    study_uid TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    event_json TEXT NOT NULL
  ) STRICT;
  CREATE INDEX study_events_study ON study_events (study_uid, id);
  CREATE TRIGGER study_events_no_update BEFORE UPDATE ON study_events BEGIN SELECT RAISE(ABORT, 'study_events is append-only'); END;
  CREATE TRIGGER study_events_no_delete BEFORE DELETE ON study_events BEGIN SELECT RAISE(ABORT, 'study_events is append-only'); END;

  CREATE TABLE reports (
    id INTEGER PRIMARY KEY,
    study_uid TEXT NOT NULL REFERENCES studies (study_uid),
    revision INTEGER NOT NULL,
    family TEXT NOT NULL,
    kind TEXT NOT NULL,                    -- 'sr', 'secondary-capture' …
    sop_uid TEXT NOT NULL UNIQUE,
    file_key TEXT NOT NULL,
    byte_length INTEGER NOT NULL,
    written_at_ms INTEGER NOT NULL,
    report_json TEXT NOT NULL,
    UNIQUE (study_uid, revision, family, kind)
  ) STRICT;

  CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    destination TEXT NOT NULL,
    study_uid TEXT NOT NULL REFERENCES studies (study_uid),
    revision INTEGER NOT NULL,
    subject TEXT NOT NULL,                 -- 'report', 'instance', 'message'
    object_key TEXT NOT NULL,              -- SOP Instance UID or message id: once per destination
    file_key TEXT,
    delivery_json TEXT NOT NULL,
    state TEXT NOT NULL,                   -- pending, sent, verified, failed
    attempts INTEGER NOT NULL,
    next_attempt_at_ms INTEGER NOT NULL,
    error TEXT,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    UNIQUE (destination, subject, object_key)
  ) STRICT;
  CREATE INDEX outbox_due ON outbox (next_attempt_at_ms) WHERE state = 'pending';
  CREATE INDEX outbox_open ON outbox (destination, state) WHERE state IN ('pending', 'failed');
  CREATE INDEX outbox_state ON outbox (state, updated_at_ms);
  CREATE INDEX outbox_study ON outbox (study_uid, revision);

  CREATE TABLE devices (
    calling_ae TEXT NOT NULL,
    remote_address TEXT NOT NULL,
    called_ae TEXT NOT NULL,
    first_seen_at_ms INTEGER NOT NULL,
    last_seen_at_ms INTEGER NOT NULL,
    association_count INTEGER NOT NULL,
    instance_count INTEGER NOT NULL,
    byte_count INTEGER NOT NULL,
    PRIMARY KEY (calling_ae, remote_address)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX devices_seen ON devices (last_seen_at_ms);

  CREATE TABLE refusals (
    calling_ae TEXT NOT NULL,
    called_ae TEXT NOT NULL,
    remote_address TEXT NOT NULL,
    code TEXT NOT NULL,
    text TEXT NOT NULL,
    first_at_ms INTEGER NOT NULL,
    last_at_ms INTEGER NOT NULL,
    attempt_count INTEGER NOT NULL,
    PRIMARY KEY (calling_ae, called_ae, remote_address, code)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX refusals_last ON refusals (last_at_ms);

  CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,         -- lower case: "Anna" and "anna" are one user
    role TEXT NOT NULL,
    password_hash TEXT,
    disabled INTEGER NOT NULL,
    failed_sign_ins INTEGER NOT NULL,
    locked_until_ms INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    profile_json TEXT NOT NULL
  ) STRICT;

  -- Sign-in links, sessions and API tokens: only the hash of the secret is kept.
  CREATE TABLE credentials (
    secret_sha256 TEXT PRIMARY KEY,
    kind TEXT NOT NULL,                    -- 'link', 'session', 'token'
    user_id INTEGER REFERENCES users (id),
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    last_used_at_ms INTEGER NOT NULL,
    detail_json TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX credentials_expiry ON credentials (expires_at_ms);
  CREATE INDEX credentials_user ON credentials (user_id);

  CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value_json TEXT NOT NULL,
    set_at_ms INTEGER NOT NULL,
    set_by TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,

  `
  -- Reading: filters and orders of the list, claims, feedback, saved views, turnaround.
  ALTER TABLE studies ADD COLUMN flag TEXT NOT NULL DEFAULT 'analysing';   -- study/flag.ts: what a glance says
  ALTER TABLE studies ADD COLUMN flag_known_at_ms INTEGER;                 -- the first time that it said flagged or not flagged
  ALTER TABLE studies ADD COLUMN first_read_at_ms INTEGER;                 -- stays when the study comes back to the list
  -- Of studies from before: at once for the list, afterwards for those that have left it (studies-backfill.ts), because
  -- years of them must not keep the listener closed.
  UPDATE studies SET flag = ${FLAG_BY_COLUMNS} WHERE on_list = 1;
  INSERT INTO settings SELECT '${BACKFILL_SETTING}', json_object('afterId', 0, 'throughId', last), 0, 'migration'
    FROM (SELECT max(id) AS last FROM studies) WHERE last IS NOT NULL;

  -- Open studies are counted and filtered in memory (open-studies.ts); those that have left, by this index alone.
  DROP INDEX studies_open_counts;
  DROP INDEX studies_left;
  CREATE INDEX studies_left ON studies
    (left_at_ms DESC, flag, received_at_ms, state, priority, flagged, institution, calling_ae, read_by, age_years, search_text) WHERE on_list = 0;
  CREATE INDEX studies_turnaround ON studies (received_at_ms, priority, flag_known_at_ms, first_read_at_ms)
    WHERE flag_known_at_ms IS NOT NULL OR first_read_at_ms IS NOT NULL;

  -- Who has a study open. A row ends with a release, a lapse, or when the study leaves the list.
  CREATE TABLE claims (
    study_id INTEGER PRIMARY KEY REFERENCES studies (id),
    claimed_by TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
  ) STRICT;

  -- What readers say of a score. It names the model as it was at that moment, and outlives images and models.
  CREATE TABLE feedback (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    study_uid TEXT NOT NULL,
    family TEXT NOT NULL,
    given_by TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    verdict TEXT NOT NULL,                 -- 'agree', 'disagree'
    note TEXT NOT NULL,
    model_name TEXT NOT NULL,
    model_version TEXT NOT NULL,
    model_sha256 TEXT NOT NULL,
    score REAL NOT NULL,
    threshold REAL NOT NULL,
    flagged INTEGER NOT NULL,
    sop_uid TEXT NOT NULL,                 -- the image that the score comes from
    institution TEXT,
    calling_ae TEXT
  ) STRICT;
  CREATE INDEX feedback_study ON feedback (study_uid, family, given_by, id);
  CREATE TRIGGER feedback_no_update BEFORE UPDATE ON feedback BEGIN SELECT RAISE(ABORT, 'feedback is append-only'); END;
  CREATE TRIGGER feedback_no_delete BEFORE DELETE ON feedback BEGIN SELECT RAISE(ABORT, 'feedback is append-only'); END;

  CREATE TABLE saved_views (
    person TEXT NOT NULL,
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    saved_at_ms INTEGER NOT NULL,
    PRIMARY KEY (person, name)
  ) STRICT, WITHOUT ROWID;
  `,

  `
  -- Searching over DICOM: computed from what is kept, so that no writer can forget them.
  ALTER TABLE studies ADD COLUMN study_date TEXT GENERATED ALWAYS AS (replace(json_extract(summary_json, '$.facts.studyDate'), '.', '')) VIRTUAL;
  CREATE INDEX studies_date ON studies (study_date DESC, received_at_ms DESC, id DESC);
  ALTER TABLE instances ADD COLUMN series_uid TEXT GENERATED ALWAYS AS (json_extract(header_json, '$.seriesInstanceUid')) VIRTUAL;
  ALTER TABLE instances ADD COLUMN modality TEXT GENERATED ALWAYS AS (json_extract(header_json, '$.modality')) VIRTUAL;
  CREATE INDEX instances_series ON instances (series_uid);
  CREATE INDEX instances_modality ON instances (modality, study_uid);
  ALTER TABLE reports ADD COLUMN series_uid TEXT GENERATED ALWAYS AS (json_extract(report_json, '$.seriesInstanceUid')) VIRTUAL;
  CREATE INDEX reports_series ON reports (series_uid);
  `,

  `
  -- Operations: why a delivery has not arrived as a code, so that a page can say it in its reader's language; what was set aside.
  ALTER TABLE outbox ADD COLUMN error_code TEXT;
  CREATE INDEX studies_attention ON studies (received_at_ms DESC, id DESC) WHERE on_list = 1 AND attention = 1;
  `,

  `
  -- What commands did to accounts beside the hub, until it is in the audit trail.
  CREATE TABLE account_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    done_by TEXT NOT NULL,
    what TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT
  ) STRICT;
  `,

  `
  -- Retention walks what is still there, not a site's history: the studies that have left the list and of which no walk has
  -- found nothing left. A row is written with its study (save-study.ts), and taken away by a walk. It begins with all that have
  -- left; the first walk, beside a listening hub, clears the past. Tables of their own: a column would have SQLite read years of
  -- studies before the listener opens.
  CREATE TABLE uncleared (
    left_at_ms INTEGER NOT NULL,
    study_id INTEGER NOT NULL REFERENCES studies (id),
    PRIMARY KEY (left_at_ms, study_id)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO uncleared SELECT left_at_ms, id FROM studies WHERE on_list = 0 AND left_at_ms IS NOT NULL ORDER BY left_at_ms, id;

  -- Pictures of ours that retention removed; their rows stay.
  CREATE TABLE removed_pictures (
    report_id INTEGER PRIMARY KEY REFERENCES reports (id),
    removed_at_ms INTEGER NOT NULL
  ) STRICT;
  `,
];
