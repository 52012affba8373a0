/** Models: for readers which there are, for operators their cards, readiness and the switch. */
import { FirstreadError } from '../../errors.ts';
import type { Audit } from '../../ops/audit.ts';
import type { FindingFamily } from '../../study/types.ts';
import type { Language } from '../../study/wording.ts';
import type { OperationsPort } from '../operations-port.ts';
import * as schemas from '../operations-schemas.ts';
import type { StudiesPort } from '../ports.ts';
import type { ApiRoute } from '../route.ts';
import { doneAnswer, languageQuery, modelsAnswer } from '../schemas.ts';

export interface ModelRouteOptions {
  readonly studies: Pick<StudiesPort, 'models'>;
  readonly operations: OperationsPort;
  readonly audit: Audit;
  readonly now: () => number;
}

/** An SVG opened by itself would be a page of its own: it gets no script, no network and no origin. */
const PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

export function modelRoutes({ studies, operations, audit, now }: ModelRouteOptions): readonly ApiRoute[] {
  return [
    {
      // Readers too: every score on the page names its model.
      method: 'GET', url: '/api/models', access: 'view-worklist', summary: 'Models in use, with thresholds and where they come from.', answer: modelsAnswer,
      handler: () => ({ models: studies.models() }),
    },
    {
      method: 'GET', url: '/api/operations/models', access: 'view-operations', summary: 'Every model file of the site, with readiness and switches. Those that run in shadow are told to admins only.',
      answer: schemas.modelsAnswer,
      async handler(call) {
        const { models, families } = await operations.models();
        return { serverNowMs: now(), models: models.filter(({ shadow }) => !shadow || call.caller.role === 'admin'), families };
      },
    },
    {
      method: 'GET', url: '/api/operations/models/:sha256/card', access: 'view-operations', summary: 'A model\'s card, as it was written (Markdown): in the language asked for where there is one, else in English.',
      params: schemas.modelParams, query: languageQuery, answer: schemas.cardAnswer,
      async handler(call) {
        const card = await operations.modelCard(call.params['sha256']!, (call.query['lang'] ?? 'en') as Language);
        if (card === undefined) throw new FirstreadError('not-found');
        return card;
      },
    },
    {
      method: 'GET', url: '/api/operations/models/:sha256/pictures/:name', access: 'view-operations', summary: 'A picture of a model\'s card, from the model\'s folder.',
      params: schemas.cardPictureParams, answer: { mediaType: 'image/*' },
      async handler(call) {
        const picture = await operations.cardPicture(call.params['sha256']!, call.params['name']!);
        if (picture === undefined) throw new FirstreadError('not-found');
        return call.reply.header('content-type', picture.mediaType).header('content-security-policy', PICTURE_POLICY).send(Buffer.from(picture.bytes));
      },
    },
    {
      method: 'POST', url: '/api/operations/models/switch', access: 'manage-operations',
      summary: 'Switches a family of findings off or on, with a reason. Flags that were given stay; answers taken in while it is off say so.',
      body: schemas.switchBody, answer: doneAnswer,
      handler(call) {
        const { family, on, reason } = call.body as { family: FindingFamily; on: boolean; reason: string };
        const outcome = operations.switchFamily(family, { on, atMs: now(), by: call.caller.name, reason });
        audit.record({ event: 'family-switched', who: call.caller.name, from: call.from, outcome: outcome === 'done' ? 'done' : 'refused', details: { family, on, reason } });
        if (outcome === 'unchanged') throw new FirstreadError('step-refused');
        return { done: true };
      },
    },
  ];
}
