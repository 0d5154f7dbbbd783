import { type Directive, invalidValue } from './directive.ts'

/** Only in formats that have signatures; which there are, only the file says. */
export const signature: Directive<string> = {
  name: 'signature',
  syntax: 'signature=NAME',
  summary: 'which of its signatures a .tflite file or SavedModel is compiled with, where it has several',
  listed: ['serving_default'],
  fallback: '',
  parse(text) {
    if (text === '') throw invalidValue('signature', text, 'the name of a signature')
    return text
  },
  format: (name) => name,
}
