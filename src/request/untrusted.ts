import { type Directive, invalidValue } from './directive.ts'

/** Whether the model comes from somebody whom nobody vouches for; what follows is in src/compilers/hardening.ts. */
export const untrusted: Directive<boolean> = {
  name: 'untrusted',
  syntax: 'untrusted=yes',
  summary: 'yes: tighter limits on the model and on the C compiler, no external data, no onnx-mlir',
  fallback: false,
  parse(text) {
    if (text !== 'yes' && text !== 'no') throw invalidValue('untrusted', text, 'yes or no')
    return text === 'yes'
  },
  // Options may come from a file that nobody type-checked: what is no boolean is left to `parse`, which refuses it.
  format: (value: unknown) => (value === false ? '' : value === true ? 'yes' : String(value)),
  /** What an import says can't take back what the configuration says. */
  merge: (options, specifier) => options || specifier,
}
