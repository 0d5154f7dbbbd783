import { flag } from './directive.ts'

/** Whether the model comes from somebody whom nobody vouches for; what follows is in src/compilers/hardening.ts. */
export const untrusted = flag({
  name: 'untrusted',
  syntax: 'untrusted=yes',
  summary: 'yes: tighter limits on the model and on the C compiler, no external data, no onnx-mlir',
  words: ['yes', 'no'],
  /** What an import says can't take back what the configuration says. */
  merge: (options, specifier) => options || specifier,
})
