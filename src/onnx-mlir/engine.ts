/** Container engines: whether one works, what an image is, and getting it. */
import { EnvironmentError } from '../errors/index.ts'
import { runProcess } from '../process/spawn.ts'
import { type ContainerInstallation, type Engine, releaseImage } from './installation.ts'

export interface ImageRequest {
  readonly image: string
  /** E.g. `linux/s390x`, also under emulation; default: that of the image that is there. */
  readonly platform?: string
  /** Download the image if it is absent. Never done unasked: it takes gigabytes. */
  readonly pull?: boolean
  readonly runFlags?: readonly string[]
  readonly signal?: AbortSignal
  /** Called with the engine's progress lines while it downloads. */
  readonly onPull?: (line: string) => void
}

/**
 * The first engine that answers.
 * @param wanted `docker`, `podman` or a path to one; default: both are tried
 * @throws EnvironmentError `ENVIRONMENT_ENGINE` that says for each what is wrong
 */
export async function findEngine(wanted?: string): Promise<Engine> {
  const failures: string[] = []
  for (const command of wanted === undefined ? ['docker', 'podman'] : [wanted]) {
    const engine = await tryEngine(command)
    if (typeof engine !== 'string') return engine
    failures.push(`${command}: ${engine}`)
  }
  throw new EnvironmentError(
    'ENVIRONMENT_ENGINE',
    `No container engine works here (${failures.join('; ')}). Install one, e.g. "apt-get install podman" or "dnf install podman", or start Docker.`,
    { failures },
  )
}

/**
 * Finds an image and what it is.
 * @throws EnvironmentError `ENVIRONMENT_IMAGE` if it is absent and not to be pulled, or can't be pulled
 */
export async function findImage(engine: Engine, request: ImageRequest): Promise<ContainerInstallation> {
  const { image, platform } = request
  requireImageName(image)
  let found = await inspectImage(engine, image)
  if (found === undefined || (platform !== undefined && found.platform !== platform)) {
    if (!request.pull) throw absent(engine, request, found?.platform)
    await pullImage(engine, request)
    found = await inspectImage(engine, image)
    if (found === undefined) throw absent(engine, request, undefined)
  }
  return { kind: 'container', engine, image, ...found, runFlags: request.runFlags ?? [] }
}

async function tryEngine(command: string): Promise<Engine | string> {
  const kind = /podman[^/\\]*$/.test(command) ? 'podman' : 'docker'
  // Docker's client is also there without its daemon; `info` asks that too.
  const format = kind === 'podman' ? '{{.Host.Security.Rootless}}' : '{{.ServerVersion}}'
  try {
    const result = await runProcess(command, ['info', '--format', format], { timeoutMs: 30_000 })
    if (result.stopped !== undefined) return 'it doesn’t answer'
    if (result.exitCode !== 0 || result.stdout.trim() === '') return explainEngine(result.stderr)
    return { kind, command, rootless: kind === 'podman' && result.stdout.trim() === 'true' }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'not installed' : (error as Error).message
  }
}

function explainEngine(stderr: string): string {
  if (/permission denied/i.test(stderr)) return 'you may not use it (add yourself to its group, or use rootless podman)'
  if (/cannot connect|is the docker daemon running|failed to connect|no such file/i.test(stderr))
    return 'it is not running'
  return stderr.trim().split('\n').at(-1)?.slice(0, 200) || 'it fails without a message'
}

async function inspectImage(
  engine: Engine,
  image: string,
): Promise<Pick<ContainerInstallation, 'digest' | 'platform' | 'entryPoint'> | undefined> {
  const result = await runProcess(engine.command, ['image', 'inspect', image], { timeoutMs: 60_000 })
  if (result.exitCode !== 0) return undefined
  // Docker and podman agree on these members, though not on their names in format templates.
  const [found] = JSON.parse(result.stdout) as [InspectedImage?]
  if (found === undefined) return undefined
  return {
    digest: found.Id.startsWith('sha256:') ? found.Id : `sha256:${found.Id}`,
    platform: `${found.Os}/${found.Architecture}`,
    entryPoint: /onnx-mlir|zdlc/.test([found.Config?.Entrypoint ?? []].flat().join(' ')),
  }
}

interface InspectedImage {
  readonly Id: string
  readonly Os: string
  readonly Architecture: string
  readonly Config?: { readonly Entrypoint?: string | readonly string[] | null }
}

async function pullImage(engine: Engine, { image, platform, signal, onPull }: ImageRequest): Promise<void> {
  const args = ['pull', ...(platform === undefined ? [] : [`--platform=${platform}`]), image]
  const result = await runProcess(engine.command, args, { signal, onLine: onPull })
  signal?.throwIfAborted()
  if (result.exitCode === 0) return
  const reason = result.stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? ''
  const login = /unauthorized|denied|authentication/i.test(result.stderr)
    ? ` Log in first: ${engine.command} login ${image.split('/')[0]}.`
    : ''
  throw new EnvironmentError('ENVIRONMENT_IMAGE', `Can’t get the image ${image}: ${reason}${login}`, {
    image,
    stderr: result.stderr,
  })
}

function absent(engine: Engine, { image, platform }: ImageRequest, other: string | undefined): EnvironmentError {
  const flag = platform === undefined ? '' : `--platform=${platform} `
  const what = other === undefined ? 'is not on this machine' : `is here only for ${other}, not for ${platform}`
  return new EnvironmentError(
    'ENVIRONMENT_IMAGE',
    `The image ${image} ${what}, and downloading was not asked for. Get it with: ${engine.command} pull ${flag}${image} — or allow it with the option pull: true.`,
    { image, platform },
  )
}

/** An image name goes on a command line, where it must not be taken for a flag. */
function requireImageName(image: string): void {
  if (/^[a-z0-9][\w./:@-]*$/i.test(image)) return
  throw new EnvironmentError(
    'ENVIRONMENT_IMAGE',
    `${JSON.stringify(image)} is no name of a container image; an example: ${releaseImage}.`,
    { image },
  )
}
