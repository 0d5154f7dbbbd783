import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'

interface ProcessEntry {
  readonly pid: number
  readonly parent: number
  readonly group: number
  /** Resident bytes. */
  readonly rss: number
}

/** Linux reports resident pages in `stat`; all kernels we run on with another page size report it through `auxv`, so ask `ps` there. */
const pageSize = process.arch === 'x64' || process.arch === 's390x' ? 4096 : undefined

/**
 * Resident bytes of a process, its descendants, and everything in its process group.
 * `undefined` where the system offers no way to tell (Windows).
 */
export async function treeMemory(root: number): Promise<number | undefined> {
  const entries = await listProcesses()
  if (entries === undefined) return undefined
  const children = new Map<number, ProcessEntry[]>()
  for (const entry of entries) {
    const siblings = children.get(entry.parent)
    if (siblings) siblings.push(entry)
    else children.set(entry.parent, [entry])
  }
  const members = new Map(entries.filter((entry) => entry.pid === root || entry.group === root).map((e) => [e.pid, e]))
  const queue = [...members.keys()]
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    for (const child of children.get(pid) ?? []) {
      if (members.has(child.pid)) continue
      members.set(child.pid, child)
      queue.push(child.pid)
    }
  }
  let bytes = 0
  for (const member of members.values()) bytes += member.rss
  return bytes
}

/** Ends a process and its group. The process must have been started as a group leader (`detached`). */
export function killTree(pid: number, signal: NodeJS.Signals): void {
  try {
    if (process.platform === 'win32') execFile('taskkill', ['/pid', String(pid), '/t', '/f'], () => {})
    else process.kill(-pid, signal)
  } catch {
    // ESRCH: everything in the group has already ended.
  }
}

async function listProcesses(): Promise<ProcessEntry[] | undefined> {
  if (process.platform === 'win32') return undefined
  if (process.platform === 'linux' && pageSize !== undefined) return listFromProc(pageSize)
  return listFromPs()
}

/** Files of /proc are no wait: to read a hundred at once takes 1.7 ms of a processor, and 9.4 one by one in other threads. */
async function listFromProc(page: number): Promise<ProcessEntry[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  return names.flatMap((name) => {
    try {
      return [parseStat(Number(name), readFileSync(`/proc/${name}/stat`, 'utf8'), page)]
    } catch {
      return [] // it ended meanwhile
    }
  })
}

/** proc(5): the command name in parentheses may itself hold spaces and parentheses, so count fields after the last one. */
function parseStat(pid: number, text: string, page: number): ProcessEntry {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { pid, parent: Number(fields[1]), group: Number(fields[2]), rss: Number(fields[21]) * page }
}

function listFromPs(): Promise<ProcessEntry[] | undefined> {
  return new Promise((resolve) => {
    execFile('ps', ['-axo', 'pid=,ppid=,pgid=,rss='], { maxBuffer: 1 << 24 }, (error, stdout) => {
      if (error) return resolve(undefined)
      const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
      resolve(
        rows
          .filter((row) => row.length === 4)
          .map(([pid = 0, parent = 0, group = 0, kib = 0]) => ({ pid, parent, group, rss: kib * 1024 })),
      )
    })
  })
}
