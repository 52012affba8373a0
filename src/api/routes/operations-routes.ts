/** For technologists and operators: who was turned away and why, devices, deliveries, models. */
import type { StudiesPort } from '../ports.ts';
import type { ApiRoute } from '../route.ts';
import * as schemas from '../schemas.ts';

export function operationsRoutes(studies: StudiesPort, now: () => number): readonly ApiRoute[] {
  const page = (query: Readonly<Record<string, unknown>>): { limit: number; offset: number } => query as { limit: number; offset: number };
  return [
    {
      method: 'GET', url: '/api/refusals', access: 'view-devices', summary: 'Devices and objects that were refused, latest first, with the reason.',
      query: schemas.pageQuery, answer: schemas.refusalsAnswer,
      handler: (call) => ({ refusals: studies.refusals(page(call.query)) }),
    },
    {
      method: 'GET', url: '/api/devices', access: 'view-devices', summary: 'Devices that have sent or tried to.', answer: schemas.devicesAnswer,
      handler: () => ({ devices: studies.devices(now()) }),
    },
    {
      method: 'GET', url: '/api/deliveries', access: 'view-operations', summary: 'Reports on their way: pending, sent, failed and why.',
      query: schemas.pageQuery, answer: schemas.deliveriesAnswer,
      handler: (call) => ({ deliveries: studies.deliveries(page(call.query)) }),
    },
    {
      // Readers too: every score on the page names its model.
      method: 'GET', url: '/api/models', access: 'view-worklist', summary: 'Models in use, with thresholds and where they come from.', answer: schemas.modelsAnswer,
      handler: () => ({ models: studies.models() }),
    },
  ];
}
