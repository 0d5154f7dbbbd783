import { type Directive, choice } from './directive.ts'

const words = choice({
  name: 'files',
  summary: 'files reach the program by their URLs, inside the JavaScript, or (WebAssembly) as an imported module',
  words: ['auto', 'url', 'inline', 'module'],
  fallback: 'auto',
})

/**
 * How files reach the program. `auto`, left out of canonical text: as its host is known to keep them. Modules are for WebAssembly;
 * native code that asks for one gets what `auto` gives.
 */
export const files: Directive<typeof words.fallback> = {
  ...words,
  format: (word) => (word === 'auto' ? '' : word),
}
