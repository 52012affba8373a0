/** A person's saved views of the list. A session from a sign-in link is the person of its name. */
import { FirstreadError } from '../../errors.ts';
import type { ReadingPort } from '../reading-ports.ts';
import type { ApiCall, ApiRoute } from '../route.ts';
import * as schemas from '../schemas.ts';

const VIEW_NAME_MAX = 60;

export function viewRoutes({ reading, now }: { readonly reading: ReadingPort; readonly now: () => number }): readonly ApiRoute[] {
  const views = (call: ApiCall) => ({ views: reading.views(call.caller.name) });
  const nameOf = (call: ApiCall): string => {
    const name = call.params['name']!.normalize('NFC').trim();
    if (name.length > VIEW_NAME_MAX) throw new FirstreadError('request-invalid');
    return name;
  };
  return [
    {
      method: 'GET', url: '/api/views', access: 'view-worklist', summary: 'The views that this person has saved.', answer: schemas.viewsAnswer,
      handler: views,
    },
    {
      method: 'PUT', url: '/api/views/:name', access: 'view-worklist', summary: 'Saves a view under a name, in place of one of that name.',
      params: schemas.viewParams, body: schemas.viewBody, answer: schemas.viewsAnswer,
      handler(call) {
        const { query } = call.body as { query: string };
        if (!reading.saveView(call.caller.name, { name: nameOf(call), query, savedAtMs: now() })) throw new FirstreadError('views-full');
        return views(call);
      },
    },
    {
      method: 'DELETE', url: '/api/views/:name', access: 'view-worklist', summary: 'Removes a saved view.', params: schemas.viewParams, answer: schemas.viewsAnswer,
      handler(call) {
        if (!reading.removeView(call.caller.name, nameOf(call))) throw new FirstreadError('not-found');
        return views(call);
      },
    },
  ];
}
