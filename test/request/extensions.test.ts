import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { declarationFile, isDeclarationFile } from '../../src/emit/declaration-file.ts'
import {
  ending,
  extensions,
  filters,
  isModelName,
  isOnlyAsImported,
  mentionsModel,
  stemOf,
} from '../../src/request/extensions.ts'
import { canonicalId, isModelId, isModelQuery, isModuleQuery, parseRequest } from '../../src/request/request.ts'

describe.each(extensions)('.%s', (extension) => {
  const upper = extension.toUpperCase()

  it('is a model with directives and without, in any case', () => {
    for (const id of [`./m.${extension}`, `/a b/M.${upper}`, `#models/m.${extension}?O=2`, `./m.${extension}?v=1`])
      expect(isModelId(id), id).toBe(true)
    expect(canonicalId(`./m.${extension}?t=1&target=z16&O=2`)).toBe(`./m.${extension}?O=2&target=z16`)
    expect(parseRequest(`/m.${extension}?O=2`)).toMatchObject({
      path: resolve(`/m.${extension}`),
      directives: { O: 2 },
    })
  })

  it('is none as an asset, in another name, or in a query', () => {
    const others = ['?url', '?raw', '?O=2&url', '.json', '.ts?O=2', 'x', 'x?O=2'].map(
      (more) => `./m.${extension}${more}`,
    )
    for (const id of [...others, `./m${extension}`, `./m-${extension}?O=2`, `./m.js?file=m.${extension}`, extension])
      expect(isModelId(id), id).toBe(false)
  })

  it('passes each filter of hosts where it is theirs', () => {
    const fits = (id: string) => Object.entries(filters).flatMap(([name, filter]) => (filter.test(id) ? [name] : []))
    expect(fits(`/m.${extension}`)).toEqual(['path', 'file', 'id'])
    expect(fits(`/M.${upper}?O=2`)).toEqual(['withQuery', 'id'])
    expect(fits(`/m.${extension}.js`)).toEqual([])
    expect(fits(`/m${extension}?O=2`)).toEqual([])
    // As text, for Farm's.
    expect(new RegExp(`^m${ending}$`).test(`m.${extension}`)).toBe(true)
  })

  it('is known by name and in a text', () => {
    expect([`m.${extension}`, `m.${upper}`, `m${extension}`, `m.${extension}.js`].map(isModelName)).toEqual([
      true,
      false,
      false,
      false,
    ])
    expect(mentionsModel(`import './m.${extension}?O=2'`)).toBe(true)
    expect(mentionsModel(Buffer.from(`import './m.${extension}'`))).toBe(true)
    expect(mentionsModel(`import './${extension}'`)).toBe(false)
  })
})

describe('.py', () => {
  it('is a model where the import says what of it is, and nobody else’s business otherwise', () => {
    for (const id of ['./m.py?export=Net', '/a/M.PY?O=2&export=Net', '#m/m.py?export=Net&t=1']) {
      expect(isModelId(id), id).toBe(true)
      expect(filters.id.test(id) && filters.withQuery.test(id), id).toBe(true)
    }
    for (const id of [
      './m.py',
      './m.py?O=2',
      './m.py?raw',
      './m.py?export=Net&url',
      './m.py?exports=1',
      './m.pyc?export=N',
    ])
      expect(isModelId(id), id).toBe(false)
    for (const id of ['./m.py', './m.py?O=2', './m.py?exports=1', './m.py?no-export=1'])
      expect(filters.id.test(id) || filters.path.test(id), id).toBe(false)
    expect(isModelId('./m.py?x=m.onnx')).toBe(false)
    expect(['?export=Net', '?O=2&export=Net'].filter(isModuleQuery)).toHaveLength(2)
    expect(['', '?', '?O=2', '?export=Net&raw'].filter(isModuleQuery)).toEqual([])
  })

  it('and what has the names of weights is looked at only where it is imported', () => {
    expect(['m.onnx', 'm.tflite', 'm.pt2', 'm.pt', 'm.keras', 'm.py'].filter(isOnlyAsImported)).toEqual([
      'm.pt',
      'm.keras',
      'm.py',
    ])
    expect(mentionsModel(`import './m.py?export=Net'`)).toBe(true)
    expect(mentionsModel(`import './m.py'`)).toBe(false)
  })
})

describe('saved_model.pb', () => {
  it('is a model in whatever folder, and no other .pb is', () => {
    for (const id of ['./net/saved_model.pb', '/a b/net/saved_model.pb?signature=f', 'C:\\net\\saved_model.pb?O=2']) {
      expect(isModelId(id), id).toBe(true)
      expect(filters.id.test(id), id).toBe(true)
    }
    expect(new RegExp(`^net${ending}$`).test('net/saved_model.pb')).toBe(true)
    for (const id of ['./frozen.pb', './net/my_saved_model.pb', './net/saved_model.pb?url', './net/saved_model.pbtxt'])
      expect(isModelId(id), id).toBe(false)
    expect(['saved_model.pb', 'net/saved_model.pb', 'x.pb', 'my_saved_model.pb'].map(isModelName)).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect(isOnlyAsImported('net/saved_model.pb')).toBe(true)
    expect([`import './net/saved_model.pb'`, `import './saved.pb'`].map(mentionsModel)).toEqual([true, false])
  })

  it('has a declaration beside it', () => {
    const file = declarationFile('net/saved_model.pb', 'signature=f')
    expect(file).toBe('net/saved_model.d.pb?signature=f.ts')
    expect([file, 'net/saved_model.d.pb.ts', 'net/other.d.pb.ts'].map(isDeclarationFile)).toEqual([true, true, false])
  })
})

it('a query alone tells whether the bundler is asked for the file as it is', () => {
  expect(['', '?', '?O=2', '?worker=true', '?taget=z16'].filter(isModelQuery)).toHaveLength(5)
  expect(['?url', '?raw', '?O=2&inline', '?worker'].filter(isModelQuery)).toEqual([])
})

it('what is made of models beside each other has names of its own', () => {
  const models = ['m.onnx', 'M2.ONNX', 'a/m.onnx', 'm.tflite', 'm.pt2', 'm.tfjs', 'm.bin']
  expect(models.map(stemOf)).toEqual(['m', 'M2', 'a/m', 'm.tflite', 'm.pt2', 'm.tfjs', 'm.bin'])
  const names = extensions.map((extension) => stemOf(`m.${extension}`))
  expect(new Set(names).size).toBe(extensions.length)
})

it('nothing else decides by an extension', () => {
  const src = resolve('src')
  // A pattern (`\.onnx`) or a text that is one (`'.onnx'`, `'*.onnx'`), but for the folder .onnx-mlir, domains, and names with a stem.
  const decides =
    /(?<![\w)])\\\.(?:onnx|tflite|pt2?|tfjs|keras|py)\b(?!-mlir)|['"`](?:\*|\.d)?\.(?:onnx|tflite|pt2?|tfjs|keras|py)['"`?)]/
  const found = readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .flatMap(({ parentPath, name }) =>
      readFileSync(join(parentPath, name), 'utf8')
        .split('\n')
        .filter((line) => !/^\s*(?:\/\/|\*|\/\*\*)/.test(line) && decides.test(line))
        .map(
          (line) =>
            `${join(parentPath, name)
              .slice(src.length + 1)
              .replaceAll('\\', '/')}: ${line.trim()}`,
        ),
    )
  expect(found.sort()).toEqual([
    // What is written is ONNX.
    `cli/convert.ts: const out = values['out'] ?? path.replace(/\\.[^./\\\\]+$/, '.onnx')`,
    // What onnxruntime reads by itself.
    `cli/onnxruntime.ts: if (/\\.onnx$/i.test(file)) return asBytes ? readFile(file) : file`,
    // The pattern whose types all others of client.d.ts have.
    `emit/client-types.ts: const described = '*.onnx'`,
    // The one extension that the names of what is made of a model go without.
    `request/extensions.ts: return path.replace(/\\.onnx$/i, '')`,
    // Files of other formats are often there for other programs.
    `types/generate.ts: return !model.endsWith('.onnx')`,
  ])
})
