import { type Directive, choice } from './directive.ts'

const words = choice({
  name: 'files',
  summary: 'WebAssembly reaches the program by the URL of a file, inside the JavaScript, or as an imported module',
  words: ['url', 'inline', 'module'],
  fallback: 'url',
})

/** Left out of canonical text where it says what goes without saying; native libraries are files in any case. */
export const files: Directive<typeof words.fallback> = {
  ...words,
  format: (word) => (word === 'url' ? '' : word),
}
