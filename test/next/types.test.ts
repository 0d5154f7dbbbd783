import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, symlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryFolder, writeFiles } from '../hosts/app.ts'
import { addModel } from '../hosts/models.ts'

const installed = resolve('test/next/installed/node_modules')
const isThere = existsSync(join(installed, 'typescript'))
if (!isThere) console.log('skipped: Next.js and TypeScript are not installed; run bash test/install.sh next')

const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: undefined, VITEST: undefined }

/** As create-next-app writes it. */
const tsconfig = `{
  "compilerOptions": {
    "target": "ES2017",
    "lib": ["dom", "dom.iterable", "esnext"],
    "allowJs": true,
    "skipLibCheck": true,
    "strict": true,
    "noEmit": true,
    "esModuleInterop": true,
    "module": "esnext",
    "moduleResolution": "bundler",
    "resolveJsonModule": true,
    "isolatedModules": true,
    "jsx": "react-jsx",
    "incremental": true,
    "plugins": [{ "name": "next" }],
    "paths": { "@/*": ["./*"] }
  },
  "include": ["next-env.d.ts", "**/*.ts", "**/*.tsx", ".next/types/**/*.ts", ".next/dev/types/**/*.ts", "**/*.mts"],
  "exclude": ["node_modules"]
}
`

// A check that is not made, or knows no types, finds nothing where an error is expected: which is an error.
const route = `
  import model from '@/models/add.onnx'
  import small from '@/models/add.onnx?O=1'
  export async function GET(): Promise<Response> {
    const { y } = await model.run({ x: Float32Array.of(1, 2, 3) })
    const dims: readonly [3] = small.runSync({ x: y.data }).y.dims
    // @ts-expect-error there is no such output
    const { z } = model.runSync({ x: y.data })
    return Response.json([dims, ...y.data, z])
  }`

test.skipIf(!isThere)('next build checks the types of models, and keeps what types --fix has written', async () => {
  const root = await temporaryFolder()
  const modules = join(root, 'node_modules')
  const packages = Object.entries({
    ...Object.fromEntries(
      ['next', 'react', 'react-dom', 'typescript', '@types/react'].map((name) => [name, join(installed, name)]),
    ),
    '@types/node': resolve('node_modules/@types/node'),
    'unplugin-onnx-mlir': resolve('.'),
  })
  for (const [name, folder] of packages) {
    await mkdir(dirname(join(modules, name)), { recursive: true })
    await symlink(folder, join(modules, name))
  }
  await writeFiles(root, {
    'package.json': '{ "private": true }',
    'tsconfig.json': tsconfig,
    'next.config.ts': `
      import type { NextConfig } from 'next'
      import onnx from 'unplugin-onnx-mlir/next'
      const config: NextConfig = { reactStrictMode: true }
      export default onnx(config)`,
    'models/add.onnx': addModel(10),
    'app/layout.tsx': `
      import type { ReactNode } from 'react'
      export default ({ children }: { children: ReactNode }) => <html><body>{children}</body></html>`,
    'app/page.tsx': 'export default () => <p>nothing</p>',
    'app/sum/route.ts': route,
  })
  const run = async (...args: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root, env })
    return stdout + stderr
  }
  const next = join(installed, 'next/dist/bin/next')
  await run(resolve('dist/cli/main.js'), 'types', '--fix')
  const fixed = await readFile(join(root, 'tsconfig.json'), 'utf8')
  expect(fixed).toContain('unplugin-onnx-mlir/tsconfig')
  expect(await run(next, 'build', '--webpack')).toMatch(/Finished TypeScript/)
  expect(JSON.parse(await readFile(join(root, 'tsconfig.json'), 'utf8'))).toEqual(JSON.parse(fixed))
})
