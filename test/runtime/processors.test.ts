import { availableParallelism } from 'node:os'
import { expect, it } from 'vitest'
import { nativeThreads, processorsFor } from '../../src/runtime/processors.ts'

// Layouts of cgroups(7) as kernels, containers and systemd have them.
const cases: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
  ['no control groups', {}, 8],
  ['version 2 without a limit', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' }, 8],
  ['a container of version 2', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '200000 100000\n' }, 2],
  ['part of a processor', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '250000 100000\n' }, 2],
  ['less than one', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '50000 100000\n' }, 1],
  ['more than there are', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '3200000 100000\n' }, 8],
  [
    'the limit of a group around it',
    {
      '/proc/self/cgroup': '0::/system.slice/app.service/worker\n',
      '/sys/fs/cgroup/system.slice/app.service/worker/cpu.max': 'max 100000\n',
      '/sys/fs/cgroup/system.slice/app.service/cpu.max': '300000 100000\n',
      '/sys/fs/cgroup/system.slice/cpu.max': '600000 100000\n',
    },
    3,
  ],
  [
    'version 1',
    {
      '/proc/self/cgroup': '12:memory:/app\n5:cpu,cpuacct:/app\n1:name=systemd:/app\n',
      '/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us': '400000\n',
      '/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_period_us': '100000\n',
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
    },
    4,
  ],
  [
    'a container of version 1, which sees the path on its host, and its own group as the root',
    {
      '/proc/self/cgroup': '4:cpu:/docker/0123abc\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '150000\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '50000\n',
    },
    3,
  ],
  [
    'controllers that are others',
    { '/proc/self/cgroup': '3:cpuset:/a\n0::/a:b\n', '/sys/fs/cgroup/cpuset/a/cpu.max': '100000 100000\n' },
    8,
  ],
  ['a path with a colon', { '/proc/self/cgroup': '0::/a:b\n', '/sys/fs/cgroup/a:b/cpu.max': '500000 100000' }, 5],
  ['what is no number', { '/proc/self/cgroup': 'x\n0::/\n', '/sys/fs/cgroup/cpu.max': 'none of them\n' }, 8],
  ['empty files', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '' }, 8],
  ['a period of nothing', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '100000 0\n' }, 8],
]

it.each(cases)('%s', (_, files, expected) => {
  expect(processorsFor(8, (path) => files[path])).toBe(expected)
})

it('gives as many threads as are asked for where there are processors', () => {
  expect(nativeThreads(1)).toEqual({ threads: 1, processors: 1 })
  expect(nativeThreads()).toEqual(nativeThreads('auto'))
  const { threads, processors } = nativeThreads('auto')
  expect(processors).toBeLessThanOrEqual(availableParallelism())
  expect(threads).toBe(Math.min(16, processors))
  expect(nativeThreads(64)).toEqual({ threads: Math.min(64, processors), processors })
  expect(nativeThreads(2).threads).toBe(Math.min(2, processors))
})
