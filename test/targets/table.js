// npm run test:targets: suites of models on every target that can be run here, by itself, by QEMU or by Wine, and as a table what passes.
// A target that fails what this machine's own passes is a failure.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const help = `Usage: npm run test:targets -- [OPTION …]

  --targets NAME,…  of these, only some (the first is what the others are compared with)
  --suites DIR,…    folders of ONNX backend tests (default: those in ../shared)
  --filter RE       only tests whose names match
  --jobs N          tests at once
  --clang COMMAND   models by this clang and LLD, as where nothing else of a target is installed (programs by its cross GCC)

Takes hours for everything on two cores; a slice of it: --targets host,z16 --filter '^test_(conv|gemm)'`

const { values } = parseArgs({
  options: {
    targets: { type: 'string' },
    suites: { type: 'string' },
    filter: { type: 'string' },
    jobs: { type: 'string' },
    clang: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  console.log(help)
  process.exit()
}

const targets = (
  values.targets ?? 'host,x86-64,x86-64-v3,wasm,z13,z14,z15,z16,z17,arm64,armv7,armv6,riscv64,riscv64-v,win32-x64'
).split(',')
const suites = (values.suites ?? '../shared/onnx-backend-tests,../shared/cases').split(',')
const folder = mkdtempSync(join(tmpdir(), 'targets-'))
const { resolveTarget } = await import('../../dist/targets/index.js')
const cli = new URL('../../dist/cli/main.js', import.meta.url).pathname

/** @returns {{ tests: Record<string, { status: string, reason?: string }>, pass: number, fail: number, skip: number } | { problem: string }} */
function run(target, suite) {
  const json = join(folder, 'result.json')
  const options = ['filter', 'jobs'].flatMap((name) => (values[name] ? [`--${name}`, values[name]] : []))
  const args = [cli, 'conformance', '--suite', suite, '--target', target, '--json', json, ...options]
  const CC =
    values.clang &&
    `${values.clang} --sysroot=/nowhere --gcc-toolchain=/nowhere --target=${resolveTarget(target).triple}`
  const { status, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...process.env, ...(CC && target !== 'host' && { CC }) },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  // A missing tool is told in the first line, with how to get it.
  return status === 0 ? JSON.parse(readFileSync(json, 'utf8')) : { problem: stderr.trim().split('\n')[0] ?? '' }
}

let isWorse = false
for (const suite of suites) {
  if (!existsSync(suite)) {
    console.log(`skipped: ${suite} is not here`)
    continue
  }
  console.log(`\n${suite}`)
  let base
  for (const target of targets) {
    const started = performance.now()
    const result = run(target, suite)
    const minutes = ((performance.now() - started) / 60_000).toFixed(1)
    if ('problem' in result) {
      console.log(`  ${target.padEnd(10)} skipped: ${result.problem}`)
      continue
    }
    base ??= result
    const { tests, pass, fail, skip } = result
    console.log(`  ${target.padEnd(10)} ${pass} passed, ${fail} failed, ${skip} skipped in ${minutes} minutes`)
    for (const [name, { status, reason = '' }] of Object.entries(tests)) {
      if (status === 'pass' || (base !== result && base.tests[name]?.status === status)) continue
      if (base !== result) isWorse = true
      console.log(`    ${name}: ${reason.split('\n')[0]}`)
    }
  }
}
rmSync(folder, { recursive: true })
process.exitCode = isWorse ? 1 : 0
