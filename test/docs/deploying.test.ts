import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readElfIdentity } from '../../src/onnx-mlir/elf.ts'
import { which } from '../../src/toolchains/programs.ts'
import { miniflare, startWorker } from '../edge/runtimes.ts'
import { filesBelow, temporaryFolder } from '../hosts/app.ts'
import { type Images, makeImages } from './images.ts'
import { missing as missingWine, nodeForWindows } from '../windows/wine.ts'
import { allPages, readPage, samplesOf } from './pages.ts'
import { isInstalled, type Reading, runPage } from './run-page.ts'

// Every page about a place of deployment. What is deployed there runs in something that is as much like it as there is here.

const pageOf = (name: string) => readPage(`docs/deploying/${name}.md`)
const sampleOf = (page: string, file: string): string =>
  samplesOf(readPage(page)).find((sample) => sample.file === file)!.code
const program = sampleOf('docs/hosts/index.md', 'src/main.js')
const viteConfig = sampleOf('docs/hosts/vite.md', 'vite.config.ts')

test('every page of docs/deploying is run', () => {
  const pages = allPages().filter(({ path }) => path.startsWith('docs/deploying/'))
  expect(pages.map(({ path }) => basename(path, '.md'))).toEqual([
    'cloudflare',
    'docker',
    'lambda',
    'vercel',
    'windows',
    'z16',
  ])
})

/** A project that installs this package, and Vite, from npm; the package lies at the root of its machine. */
function dockerProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-mlir-docker-'))
  const { version } = JSON.parse(readFileSync('node_modules/vite/package.json', 'utf8')) as { version: string }
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], { stdio: 'ignore' })
  const [packed = ''] = execFileSync('ls', [folder], { encoding: 'utf8' }).trim().split('\n')
  const devDependencies = { vite: version, 'unplugin-onnx-mlir': `file:${packed}` }
  const scripts = { build: 'vite build --ssr src/main.js' }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', scripts, devDependencies }))
  return folder
}

const project = dockerProject()
const images = makeImages(project)
if (typeof images === 'string') console.log(`skipped: what is deployed in containers (${images})`)
afterAll(() => {
  if (typeof images !== 'string') images.remove()
  rmSync(project, { recursive: true })
})

describe.runIf(typeof images !== 'string')('in containers', () => {
  const { full, slim, podman } = images as Images

  test('docs/deploying/docker.md', { timeout: 300_000 }, async () => {
    const tag = `localhost/unplugin-onnx-mlir-docs-test-${process.pid}:sums`
    const label = `unplugin-onnx-mlir-docs-test=${process.pid}`
    const page = pageOf('docker')
    expect(page.text).toContain('FROM node:22-bookworm AS build\n')
    const text = page.text
      .replace('node:22-bookworm-slim', slim)
      // The image of a stage has no name, by which it could be removed.
      .replace('node:22-bookworm AS build', `${full} AS build\nLABEL ${label}`)
      // `npm ci` takes this package from a file instead of from a registry.
      .replace('COPY package*.json ./', 'COPY package*.json *.tgz ./')
    const [packed = ''] = (await filesBelow(project)).filter((file) => file.endsWith('.tgz'))
    try {
      await runPage(
        { ...page, text },
        {
          installed: [],
          models: ['src/model.onnx'],
          files: {
            'src/main.js': program,
            'vite.config.ts': viteConfig,
            'package.json': readFileSync(join(project, 'package.json'), 'utf8'),
            'package-lock.json': readFileSync(join(project, 'package-lock.json'), 'utf8'),
            [packed]: readFileSync(join(project, packed)),
          },
          programs: {
            docker: `
              command=$1; shift
              flags='--network=none --pull=never'
              [ $command = build ] && flags="$flags --layers=false"
              for argument; do shift; [ "$argument" = sums ] && argument=${tag}; set -- "$@" "$argument"; done
              exec podman $command $flags "$@"`,
          },
          prints: { 'docker run --rm --read-only sums': '11 12 13\n' },
        },
      )
    } finally {
      spawnSync('podman', ['rmi', '--force', '--ignore', tag])
      spawnSync('podman', ['image', 'prune', '--force', `--filter=label=${label}`])
    }
  })

  /** Runs a script in a container that has a function at /var/task and, of what can be written, /tmp. */
  function runTask(task: string, script: string): unknown {
    const mounts = [`--volume=${task}:/var/task:ro`, '--read-only', '--tmpfs=/tmp:rw,exec,size=64m']
    const rights = ['--network=none', '--cap-drop=all', '--user=993:990', '--env=HOME=/home/sbx_user1051']
    spawnSync('chmod', ['-R', 'a+rX', task])
    const command = ['node', '--input-type=module', '--eval', script]
    return JSON.parse(
      podman('run', '--rm', '--pull=never', '--workdir=/var/task', ...rights, ...mounts, slim, ...command),
    )
  }

  test.each([
    ['as it is', (text: string) => text],
    [
      "with files: 'inline'",
      (text: string) =>
        text.replace("'x86-64-v3' })", "'x86-64-v3', files: 'inline' })").replaceAll(/^.*-1a2b3c4d.*\n/gm, ''),
    ],
  ])('docs/deploying/lambda.md, %s', async (_, change) => {
    const task = await temporaryFolder()
    const aws = `
      for argument; do case "$argument" in fileb://*) zip=\${argument#fileb://} ;; esac; done
      [ "$1 $2 $3 $4" = 'lambda update-function-code --function-name sum' ] && exec unzip -q "$zip" -d ${task}`
    const { path, text } = pageOf('lambda')
    const reading = { installed: ['.'], models: ['src/model.onnx'], programs: { aws } }
    await runPage({ path, text: change(text) }, reading)
    const invoke = `
      import { createRequire } from 'node:module'
      const { handler } = createRequire('/var/task/')('./index.js')
      console.log(JSON.stringify(await handler({ x: [1, 2, 3] })))`
    expect(runTask(task, invoke)).toEqual([11, 12, 13])
  })

  test('docs/deploying/vercel.md', async () => {
    const task = await temporaryFolder()
    const vercel = `[ "$*" = 'deploy --prebuilt' ] && exec cp -r .vercel/output/functions/api/sum.func/. ${task}`
    await runPage(pageOf('vercel'), { installed: ['.'], models: ['src/model.onnx'], programs: { vercel } })
    const config = JSON.parse(readFileSync(join(task, '.vc-config.json'), 'utf8')) as { handler: string }
    const invoke = `
      import { createServer } from 'node:http'
      import { createRequire } from 'node:module'
      const { default: handle } = createRequire('/var/task/')('./${config.handler}')
      const server = createServer(handle).listen(0, '127.0.0.1', async () => {
        const answer = await fetch('http://127.0.0.1:' + server.address().port + '/api/sum?x=[1,2,3]')
        console.log(await answer.text())
        process.exit()
      })`
    expect(runTask(task, invoke)).toEqual([11, 12, 13])
  })
})

const edge = 'test/edge/installed'
test.runIf(isInstalled('docs/deploying/cloudflare.md', [edge]) && miniflare)(
  'docs/deploying/cloudflare.md',
  async () => {
    const reading: Reading = {
      installed: ['.', edge],
      models: ['src/model.onnx'],
      programs: {
        // Uploads to a folder.
        wrangler: `
        export CLOUDFLARE_CF_FETCH_ENABLED=false WRANGLER_SEND_METRICS=false
        exec node ${resolve(edge, 'node_modules/wrangler/bin/wrangler.js')} "$@" --dry-run --outdir upload`,
      },
    }
    const post = startWorker(join(await runPage(pageOf('cloudflare'), reading), 'upload'), 'worker.js')
    expect(await post([1, 2, 3])).toEqual([11, 12, 13])
  },
)

const cross = which('s390x-linux-gnu-g++', process.env)
if (cross === undefined) console.log('skipped: docs/deploying/z16.md (no s390x-linux-gnu-g++)')
test.runIf(cross)('docs/deploying/z16.md', async () => {
  const files = { 'vite.config.ts': viteConfig }
  const folder = join(await runPage(pageOf('z16'), { installed: ['.'], models: ['src/model.onnx'], files }), 'dist')
  const native = (await filesBelow(folder)).filter((file) => /\.(so|node)$/.test(file))
  for (const file of native) expect((await readElfIdentity(join(folder, file)))?.machine).toBe('s390x')
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'main.js')], { encoding: 'utf8' })
  expect(status).not.toBe(0)
  expect(stderr).toContain('built for s390x, running on x64')
})

const noWindows =
  missingWine ?? (which('x86_64-w64-mingw32-g++', process.env) ? undefined : 'no x86_64-w64-mingw32-g++')
if (noWindows) console.log(`skipped: docs/deploying/windows.md (${noWindows})`)
test.skipIf(noWindows)('docs/deploying/windows.md', async () => {
  const files = { 'vite.config.ts': viteConfig }
  const reading = { installed: ['.'], models: ['src/model.onnx'], files }
  const folder = join(await runPage(pageOf('windows'), reading), 'dist')
  expect((await filesBelow(folder)).map((file) => file.replace(/-[\w-]{8}\./, '.')).toSorted()).toEqual([
    'assets/model.dll',
    'assets/onnx-mlir.node',
    'main.js',
  ])
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const { status, out } = await nodeForWindows(await temporaryFolder(), folder, 'main.js')
  expect({ status, out }).toEqual({ status: 0, out: '11 12 13\n' })
})
