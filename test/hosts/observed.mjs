// Preloaded by a process, has it write down at its end which modules it loaded, and what processes and threads it started.
import child from 'node:child_process'
import { subscribe } from 'node:diagnostics_channel'
import { readFileSync, writeFileSync } from 'node:fs'
import { register, syncBuiltinESMExports } from 'node:module'

const loaded = new URL(`loaded-${process.pid}`, `file://${process.env.OBSERVED}/`)
const hook = `import { appendFileSync } from 'node:fs'
export function load(url, context, next) {
  appendFileSync(new URL(${JSON.stringify(loaded.href)}), url + '\\n')
  return next(url, context)
}`
writeFileSync(loaded, '')
register(`data:text/javascript,${encodeURIComponent(hook)}`)

const processes = []
const threads = []
subscribe('worker_threads', () => threads.push('thread'))
for (const name of ['spawn', 'fork', 'exec', 'execFile', 'spawnSync', 'execSync', 'execFileSync']) {
  const start = child[name]
  child[name] = (...args) => {
    processes.push(args[0])
    return start(...args)
  }
}
syncBuiltinESMExports()

process.on('exit', () => {
  const modules = readFileSync(loaded, 'utf8').split('\n').filter(Boolean)
  writeFileSync(new URL('observed.json', loaded), JSON.stringify({ modules, processes, threads }))
})
