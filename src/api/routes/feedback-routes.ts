/** What readers say of a score: giving it, and the file of all that was said. Nobody's name or number is in the file. */
import { Readable } from 'node:stream';
import { FirstreadError } from '../../errors.ts';
import type { Audit } from '../../ops/audit.ts';
import { CSV_START, csvLine } from '../csv.ts';
import type { Live } from '../live.ts';
import type { FeedbackExportRow, GivenVerdict, ReadingPort } from '../reading-ports.ts';
import type { ApiRoute } from '../route.ts';
import * as schemas from '../schemas.ts';
import { feedbackAnswer } from '../study-answer.ts';

export interface FeedbackRouteOptions {
  readonly reading: ReadingPort;
  readonly audit: Audit;
  readonly live: Live;
  readonly now: () => number;
}

export function feedbackRoutes({ reading, audit, live, now }: FeedbackRouteOptions): readonly ApiRoute[] {
  return [
    {
      method: 'POST', url: '/api/studies/:uid/feedback', access: 'give-feedback', params: schemas.uidParams, body: schemas.feedbackBody, answer: schemas.feedbackGivenAnswer,
      summary: 'Says whether a score is right; kept with the model, its score and threshold of this moment.',
      handler(call) {
        const uid = call.params['uid']!;
        const { family, verdict, note = '' } = call.body as { family: GivenVerdict['family']; verdict: GivenVerdict['verdict']; note?: string };
        const who = call.caller.name;
        const given = reading.giveFeedback(uid, { family, verdict, note: note.normalize('NFC').trim() }, who, now());
        if (given === 'unknown-study') throw new FirstreadError('not-found');
        if (given === 'without-finding') throw new FirstreadError('feedback-without-finding');
        if (given.isNew) {
          audit.record({ event: 'feedback-given', who, from: call.from, outcome: 'done', studyInstanceUid: uid, details: { family, verdict } });
          live.changed(uid);
        }
        return { feedback: feedbackAnswer(given.feedback, who) };
      },
    },
    {
      method: 'GET', url: '/api/feedback.csv', access: 'view-operations', summary: 'All feedback, one row each: model, score, threshold and verdict.', answer: { mediaType: 'text/csv' },
      handler(call) {
        audit.record({ event: 'export', who: call.caller.name, from: call.from, outcome: 'done', object: 'feedback.csv' });
        const day = new Date(now()).toISOString().slice(0, 10);
        call.reply.header('content-type', 'text/csv; charset=utf-8; header=present').header('content-disposition', `attachment; filename="firstread-feedback-${day}.csv"`);
        return call.reply.send(Readable.from(feedbackFile(reading.allFeedback()), { objectMode: false }));
      },
    },
  ];
}

const HEADS = [
  'given_at', 'given_by', 'study_instance_uid', 'sop_instance_uid', 'family', 'verdict', 'counts', 'note',
  'score', 'threshold', 'flagged', 'model_name', 'model_version', 'model_sha256', 'institution', 'calling_ae_title',
];

function* feedbackFile(portions: Iterable<readonly FeedbackExportRow[]>): Generator<string> {
  yield CSV_START + csvLine(HEADS);
  for (const portion of portions) yield portion.map(lineOf).join('');
}

const lineOf = (row: FeedbackExportRow): string =>
  csvLine([
    new Date(row.atMs).toISOString(), row.by, row.studyInstanceUid, row.sopInstanceUid, row.family, row.verdict, row.counts, row.note,
    row.score, row.threshold, row.flagged, row.model.name, row.model.version, row.model.sha256, row.institutionName, row.callingAeTitle,
  ]);
