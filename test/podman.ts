import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * A sandbox allows neither crun's namespaces nor higher limits; where runc is installed, it is taken. Holds for what this
 * process starts, and leaves alone who has a configuration of their own.
 *
 * @param folder for the configuration, as long as podman is used
 */
export function configurePodman(folder: string): void {
  if (process.env['CONTAINERS_CONF'] !== undefined) return
  if (!['/usr/sbin/runc', '/usr/bin/runc'].some((path) => existsSync(path))) return
  const file = join(folder, 'containers.conf')
  const limits = '["nofile=1024:1024", "nproc=1024:1024"]'
  writeFileSync(file, `[containers]\ndefault_ulimits = ${limits}\n[engine]\nruntime = "runc"\n`)
  process.env['CONTAINERS_CONF'] = file
}
