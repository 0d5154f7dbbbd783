import { mkdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { clientTypes } from '../../src/emit/client-types.ts'
import { directives } from '../../src/request/directives.ts'
import { ending, extensions } from '../../src/request/extensions.ts'
import { parseRequest } from '../../src/request/request.ts'
import { targetNames } from '../../src/targets/index.ts'
import { projectOf, repository } from './project.ts'
import { runIn, typescripts } from './tools.ts'

const client = await readFile(join(repository, 'client.d.ts'), 'utf8')
const patterns = [...client.matchAll(/^declare module '(.*)'/gm)].map(([, pattern = '']) => pattern)
const coveredFor = (extension: string) =>
  patterns.flatMap((pattern) => (pattern.startsWith(`*.${extension}?`) ? pattern.slice(`*.${extension}?`.length) : []))
const covered = coveredFor('onnx')

test.each(targetNames)('the client knows target %s', (name) => {
  expect(covered).toContain(`target=${name}`)
})

test('it is what the directives say, each of them alone and as the last of several', () => {
  expect(client, 'npm run docs:generate writes it').toBe(clientTypes(directives))
  for (const extension of extensions) expect(coveredFor(extension)).toEqual(covered)
  const names = new Set(covered.map((directive) => directive.split('=')[0]))
  expect([...names]).toEqual(Object.keys(directives))
  expect(patterns.filter((pattern) => pattern.startsWith('*&'))).toEqual(covered.map((directive) => `*&${directive}`))
  for (const { fallback, format, listed } of Object.values(directives)) {
    const usual = (format as (value: unknown) => string)(fallback)
    if (usual !== '') expect(listed.some((value) => value === usual || value === 'host')).toBe(true)
  }
})

test('in TypeScript: each directive, and any before another', async () => {
  const queries = [...covered, 'dims=seq_77&O=3', 'maxWeightError=123e-4&threads=64', 'target=z16&dims=batch_1']
  const specifiers = extensions.flatMap((name) => [`./m.${name}`, ...queries.map((query) => `./m.${name}?${query}`)])
  const lines = specifiers.map((specifier, i) => `import m${i} from '${specifier}'\nm${i}.runSync({})`)
  const root = await projectOf({
    'package.json': { type: 'module' },
    'main.ts': `${lines.join('\n')}\n// @ts-expect-error no pattern is for it\nimport odd from './m.tflite?dims=seq_77'\nodd`,
    'tsconfig.json': {
      compilerOptions: {
        module: 'nodenext',
        target: 'es2024',
        strict: true,
        noEmit: true,
        types: ['unplugin-onnx-mlir/client'],
      },
    },
  })
  await mkdir(join(root, 'node_modules'))
  await symlink(repository, join(root, 'node_modules/unplugin-onnx-mlir'), 'junction')
  for (const typescript of Object.values(typescripts))
    expect(await runIn(root, [join(typescript, 'bin/tsc')])).toEqual({ code: 0, output: '' })
})

test.each(covered)('?%s is a request', (directive) => {
  expect(() => parseRequest(`/m.onnx?${directive}`, {})).not.toThrow()
})

test('no pattern of the client could shadow a generated one', () => {
  // TypeScript takes the pattern with the longest prefix; generated ones begin with a path or a whole alias.
  expect(patterns.filter((pattern) => !new RegExp(`^\\*(?:${ending}|&)`).test(pattern))).toEqual(['#models/*'])
})
