import { type Directive, invalidValue } from './directive.ts'

/** Makes a file of Python a model; without it, `.py` is none of ours. */
export const exported: Directive<string> = {
  name: 'export',
  syntax: 'export=NAME',
  summary: 'of a .py file: the class, function or object in it that is or makes the torch.nn.Module',
  listed: ['Net', 'Model', 'model'],
  fallback: '',
  parse(text) {
    if (!/^[A-Za-z_]\w*$/.test(text)) throw invalidValue('export', text, 'a name in the Python file')
    return text
  },
  format: (name) => name,
}
