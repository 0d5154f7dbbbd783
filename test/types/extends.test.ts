import { mkdir, readFile, rm, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { fixTypes } from '../../src/types/fix.ts'
import { generateTypes } from '../../src/types/generate.ts'
import { configFault } from '../../src/types/tsconfig.ts'
import { projectOf, repository, signatureOf } from './project.ts'
import { typescripts } from './tools.ts'

// A configuration whose bases go in a circle, or aren't there, isn't made right by adding to it.

const signature = { inputs: [], outputs: [] }
const files = { 'package.json': { type: 'module' }, 'm.onnx': signature, 'main.ts': `import m from './m.onnx'\nm` }

const wrong: readonly [string, Record<string, string | object>, RegExp][] = [
  [
    'a file that is gone',
    { 'tsconfig.json': { extends: './gone.json' } },
    /TS(6053: File|5083: Cannot read file) '.*gone\.json'/,
  ],
  [
    'without its extension',
    { 'tsconfig.json': { extends: './gone' } },
    /TS(6053: File|5083: Cannot read file) '.*gone(\.json)?'/,
  ],
  [
    'itself',
    { 'tsconfig.json': { extends: './tsconfig.json' } },
    /TS18000: Circularity detected while resolving configuration: .*tsconfig\.json -> .*tsconfig\.json/,
  ],
  [
    'a circle of two, as one of a list',
    { 'tsconfig.json': { extends: ['./a.json', './b.json'] }, 'a.json': {}, 'b.json': { extends: './tsconfig' } },
    /TS18000: .*tsconfig\.json -> .*b\.json -> .*tsconfig\.json/,
  ],
  [
    'a circle behind it',
    { 'tsconfig.json': { extends: './a.json' }, 'a.json': { extends: './a.json' } },
    /TS18000: .*a\.json -> .*a\.json/,
  ],
  ['the base of a base', { 'tsconfig.json': { extends: './a' }, 'a.json': { extends: '../gone/b.json' } }, /b\.json'/],
  [
    'a package that is not installed',
    { 'tsconfig.json': { extends: '@tsconfig/strictest' } },
    /TS6053: File '@tsconfig\/strictest' not found/,
  ],
  ['nothing', { 'tsconfig.json': { extends: '' } }, /TS18051: .*empty string/],
  [
    'no JSON',
    { 'tsconfig.json': { extends: './a.json' }, 'a.json': '{' },
    // Our words are not TypeScript's.
    /^tsconfig\.json is (left as it was:|not right\.) \/\S*a\.json can't be read: line 1, /,
  ],
  [
    'an empty file',
    { 'tsconfig.json': { extends: './a.json' }, 'a.json': '' },
    /TypeScript says: .*TS5083: .*a\.json'/,
  ],
  [
    'a number',
    { 'tsconfig.json': { extends: 5 } },
    /says: .*TS5024: .*'extends' requires a value of type string or Array/,
  ],
  [
    'an object',
    { 'tsconfig.json': { extends: {} } },
    /says: .*TS5024: .*'extends' requires a value of type string or Array/,
  ],
  [
    'a number beside a base',
    { 'tsconfig.json': { extends: ['./a.json', 7] }, 'a.json': {} },
    /says: .*TS5024: .*'extends' requires a value of type string\./,
  ],
  [
    'nothing, and has an include that is a text',
    { 'tsconfig.json': { include: 'src' } },
    /TS5024: .*'include' requires .* Array/,
  ],
  ['nothing, and has files of numbers', { 'tsconfig.json': { files: [5] } }, /TS5024: .*'files' requires .* string/],
  [
    'nothing, and has folders that are a text',
    { 'tsconfig.json': { compilerOptions: { rootDirs: '.' } } },
    /TS5024: .*'rootDirs' requires .* Array/,
  ],
  [
    'a base with an include that is a text',
    { 'tsconfig.json': { extends: './a.json' }, 'a.json': { include: 'src' } },
    /a\.json.*TS5024: .*'include' requires .* Array/,
  ],
  ['a folder', { 'tsconfig.json': { extends: './sub' }, 'sub/a.json': {} }, /'.*sub(\.json)?'/],
]

test.each(wrong)(
  'types --fix of what extends %s: TypeScript says why, and nothing is changed',
  async (_, configs, why) => {
    const root = await projectOf({ ...files, ...configs })
    const before = await readFile(join(root, 'tsconfig.json'), 'utf8')
    const options = { root, signatureOf }
    // With TypeScript and without it.
    for (const typescript of [undefined, ...Object.values(typescripts)]) {
      if (typescript !== undefined) {
        await mkdir(join(root, 'node_modules'), { recursive: true })
        await rm(join(root, 'node_modules/typescript'), { force: true })
        await symlink(typescript, join(root, 'node_modules/typescript'), 'junction')
      }
      const { problems, fixed } = await fixTypes(options)
      expect(problems).toEqual([
        { severity: 'error', code: 'TYPES_NOT_FIXED', file: 'tsconfig.json', message: expect.stringMatching(why) },
      ])
      expect(fixed.filter(({ file }) => file === 'tsconfig.json')).toEqual([])
      expect(await readFile(join(root, 'tsconfig.json'), 'utf8')).toBe(before)
    }
    const { problems } = await generateTypes(options)
    expect(problems).toEqual([
      { severity: 'error', code: 'TYPES_TSCONFIG', file: 'tsconfig.json', message: expect.stringMatching(why) },
    ])
  },
)

test.each<[string, Record<string, string | object>]>([
  [
    'one base by two ways',
    { 'tsconfig.json': { extends: ['./a', './b.json'] }, 'a.json': { extends: './b' }, 'b.json': {} },
  ],
  ['a file of another ending', { 'tsconfig.json': { extends: './base.jsonc' }, 'base.jsonc': '{ /* */ }' }],
  ['a package', { 'tsconfig.json': { extends: 'base/strict' }, 'node_modules/base/strict.json': {} }],
  [
    'a package that says by itself where its configuration is',
    {
      'tsconfig.json': { extends: 'base' },
      'node_modules/base/package.json': { tsconfig: './x.json' },
      'node_modules/base/x.json': {},
    },
  ],
])('fine: %s', async (_, configs) => {
  const root = await projectOf({ ...files, ...configs })
  expect(configFault(join(root, 'tsconfig.json'))).toBeUndefined()
  await mkdir(join(root, 'node_modules'), { recursive: true })
  await symlink(join(repository, 'node_modules/typescript'), join(root, 'node_modules/typescript'), 'junction')
  await symlink(dirname(join(repository, 'package.json')), join(root, 'node_modules/unplugin-onnx-mlir'), 'junction')
  expect((await fixTypes({ root, signatureOf })).problems).toEqual([])
})
