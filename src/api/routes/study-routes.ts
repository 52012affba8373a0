/** The worklist, one study, its pictures and reports, and what a reader does to it. Every look at a patient is audited. */
import { FirstreadError } from '../../errors.ts';
import type { Audit } from '../../ops/audit.ts';
import type { AuditEvent } from '../../ops/audit-chain.ts';
import type { Live } from '../live.ts';
import type { OperationsPort } from '../operations-port.ts';
import type { FilesPort, ListedStudy, OpenedFile, ReaderAction, StudiesPort } from '../ports.ts';
import type { ReadingPort } from '../reading-ports.ts';
import type { Permission } from '../roles.ts';
import type { ApiCall, ApiRoute } from '../route.ts';
import * as schemas from '../schemas.ts';
import { viewerLink } from '../viewer-link.ts';
import { createViewNote } from '../view-note.ts';
import { worklistQueryOf } from '../worklist-query.ts';
import { assessmentAnswer, feedbackAnswer, imageAnswer, priorAnswer, rowAnswer } from '../study-answer.ts';

export interface StudyRouteOptions {
  readonly studies: StudiesPort;
  readonly reading: Pick<ReadingPort, 'feedbackOf' | 'priorsOf'>;
  readonly operations: Pick<OperationsPort, 'notices'>;
  readonly files: FilesPort;
  readonly audit: Audit;
  readonly live: Live;
  readonly now: () => number;
  /** The setting of that name. */
  readonly viewerUrl?: string;
  readonly limits: { readonly worklistAuditEveryMs: number };
}

export function studyRoutes(options: StudyRouteOptions): readonly ApiRoute[] {
  const { studies, reading, files, audit, live, now } = options;
  const noteWorklistView = createViewNote(audit, now, options.limits.worklistAuditEveryMs);

  const look = (call: ApiCall, event: AuditEvent, studyInstanceUid: string, object?: string): void =>
    audit.record({ event, who: call.caller.name, from: call.from, outcome: 'done', studyInstanceUid, ...(object === undefined ? {} : { object }) });

  const studyNamed = (uid: string): ListedStudy => {
    const listed = studies.study(uid, now());
    if (listed === undefined) throw new FirstreadError('not-found');
    return listed;
  };

  const sendFile = (call: ApiCall, file: OpenedFile | undefined, mediaType: string, name?: string): unknown => {
    if (file === undefined) throw new FirstreadError('not-found');
    call.reply.header('content-type', mediaType).header('content-length', file.byteLength);
    if (name !== undefined) call.reply.header('content-disposition', `attachment; filename="${name}"`);
    return call.reply.send(file.stream);
  };

  const action = (verb: string, permission: Permission, event: AuditEvent, summary: string, body: schemas.JsonSchema | undefined, make: (body: unknown) => ReaderAction): ApiRoute => ({
    method: 'POST',
    url: `/api/studies/:uid/${verb}`,
    access: permission,
    summary,
    params: schemas.uidParams,
    ...(body === undefined ? {} : { body }),
    answer: schemas.doneAnswer,
    async handler(call) {
      const uid = call.params['uid']!;
      const done = make(call.body);
      const outcome = await studies.act(uid, done, call.caller.name, now());
      if (outcome === 'unknown-study') throw new FirstreadError('not-found');
      audit.record({
        event, who: call.caller.name, from: call.from, outcome: outcome === 'done' ? 'done' : 'refused', studyInstanceUid: uid,
        ...(done.kind === 'prioritise' ? { details: { stat: done.stat } } : {}),
      });
      if (outcome === 'refused') throw new FirstreadError('step-refused');
      live.changed(uid);
      return { done: true };
    },
  });

  return [
    {
      method: 'GET', url: '/api/worklist', access: 'view-worklist', summary: 'Studies in reading order, most pressing first.',
      query: schemas.worklistQuery, answer: schemas.worklistAnswer,
      handler(call) {
        const livePosition = live.position(); // before the rows: a change in between is told again, not missed
        const nowMs = now();
        const query = worklistQueryOf(call.query);
        const { total, counts, rows } = studies.worklist(query, call.caller.name, nowMs);
        noteWorklistView(call, query.search);
        return { total, counts, flagCounts: counts, serverNowMs: nowMs, livePosition, notices: options.operations.notices(), rows: rows.map((row) => rowAnswer(row, call.caller.name)) };
      },
    },
    {
      method: 'GET', url: '/api/studies/:uid', access: 'view-study', summary: 'One study: images, findings, journal, reports, deliveries.',
      params: schemas.uidParams, answer: schemas.studyAnswer,
      handler(call) {
        const uid = call.params['uid']!;
        const listed = studyNamed(uid);
        look(call, 'patient-viewed', uid);
        return {
          serverNowMs: now(),
          viewerUrl: viewerLink(options.viewerUrl, listed.row),
          row: rowAnswer(listed.row, call.caller.name),
          assessment: assessmentAnswer(listed),
          images: studies.imagesOf(uid).map((image) => imageAnswer(listed, image)),
          journal: studies.journalOf(uid),
          reports: studies.reportsOf(uid),
          feedback: reading.feedbackOf(uid).map((one) => feedbackAnswer(one, call.caller.name)),
          priors: reading.priorsOf(uid).map(priorAnswer),
          deliveries: studies.deliveriesOf(uid),
        };
      },
    },
    action('read', 'mark-read', 'study-read', 'Marks a study read: it leaves the worklist.', undefined, () => ({ kind: 'read' })),
    action('unread', 'mark-read', 'study-unread', 'Puts a study back on the worklist.', undefined, () => ({ kind: 'unread' })),
    action('close', 'mark-read', 'study-closed', 'Closes a study by hand, with a reason.', schemas.closeBody, (body) => ({ kind: 'close', reason: (body as { reason: string }).reason })),
    action('prioritise', 'prioritise', 'study-prioritised', 'Sets or clears STAT.', schemas.prioritiseBody, (body) => ({ kind: 'prioritise', stat: (body as { stat: boolean }).stat })),
    action('acknowledge', 'acknowledge', 'study-acknowledged', 'A human has looked at what needed attention.', undefined, () => ({ kind: 'acknowledge' })),
    {
      method: 'GET', url: '/api/why', access: 'view-worklist', summary: 'Why one study stands above another.', query: schemas.whyQuery, answer: schemas.whyAnswer,
      handler(call) {
        const reason = studies.explainOrder(String(call.query['a']), String(call.query['b']), now());
        if (reason === undefined) throw new FirstreadError('not-found');
        return reason;
      },
    },
    {
      method: 'GET', url: '/api/instances/:fileKey/preview', access: 'view-study', summary: 'The picture of a stored image as a grey JPEG.',
      params: schemas.fileKeyParams, answer: { mediaType: 'image/jpeg' },
      async handler(call) {
        const fileKey = call.params['fileKey']!;
        const studyInstanceUid = studies.studyOfFile(fileKey);
        if (studyInstanceUid === undefined) throw new FirstreadError('not-found');
        let file = await files.openPreview(fileKey);
        if (file === undefined) {
          await files.makePreview(fileKey);
          file = await files.openPreview(fileKey);
        }
        if (file !== undefined) look(call, 'picture-viewed', studyInstanceUid, fileKey);
        return sendFile(call, file, 'image/jpeg');
      },
    },
    {
      method: 'GET', url: '/api/studies/:uid/preview', access: 'view-study', params: schemas.uidParams, answer: { mediaType: 'image/jpeg' },
      summary: 'The first picture of a study as a grey JPEG; the ETag is the key of its file. The page fetches it before the study is opened.',
      async handler(call) {
        const uid = call.params['uid']!;
        for (const { fileKey, header } of studies.imagesOf(uid)) {
          const file = header.hasPixelData ? await files.openPreview(fileKey) : undefined;
          if (file === undefined) continue;
          // It was handed out, so it is a look, even if nobody opens the study.
          look(call, 'picture-viewed', uid, fileKey);
          call.reply.header('etag', `"${fileKey}"`);
          return sendFile(call, file, 'image/jpeg');
        }
        studyNamed(uid);
        // Nothing to fetch ahead is no mistake of the page's.
        return call.reply.code(204).send();
      },
    },
    {
      method: 'GET', url: '/api/reports/:uid', access: 'view-study', summary: 'A structured report, or its picture, as a DICOM file.',
      params: schemas.uidParams, answer: { mediaType: 'application/dicom' },
      async handler(call) {
        const report = studies.report(call.params['uid']!);
        const file = report === undefined ? undefined : await files.openReport(report.fileKey);
        if (file !== undefined) look(call, 'report-viewed', report!.studyInstanceUid, report!.sopInstanceUid);
        return sendFile(call, file, 'application/dicom', `${call.params['uid']!}.dcm`);
      },
    },
  ];
}
