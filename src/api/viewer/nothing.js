/** Stands in for modules of Node's that the decoders name and never use in a browser. */
export default {};
