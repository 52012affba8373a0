/**
 * The page's CSP lets no plain string become a script's address. The decoders run in a worker made of our own bundle:
 * this is the one address that may pass. First import of main.js, before anything can ask.
 */
const OURS = new URL('/viewer/', location.origin).href;

globalThis.trustedTypes?.createPolicy('default', {
  createScriptURL(address) {
    const { href } = new URL(address, location.href);
    if (!href.startsWith(OURS)) throw new TypeError('not one of the viewer\'s own scripts');
    return href;
  },
});
