/**
 * Where the API may listen (PURE): only this machine, until users are set up. A worklist open to a ward network with a
 * one-time link as its only lock is how patient lists end up in search engines.
 */
export type ListenVerdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

export function isLoopback(host: string): boolean {
  const bare = host.toLowerCase().replace(/^\[|\]$/g, '').replace(/^::ffff:/, '');
  return bare === 'localhost' || bare === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare);
}

export function mayListen(host: string, facts: { readonly usersConfigured: boolean }): ListenVerdict {
  if (isLoopback(host) || facts.usersConfigured) return { allowed: true };
  return {
    allowed: false,
    reason: `refusing to serve the worklist on ${host === '' ? 'every address' : host}: no users are set up. Add one (firstread user add NAME), or listen on 127.0.0.1.`,
  };
}
