/** Where an onnx-mlir is and how it is reached; plain data. */
export type Installation = LocalInstallation | ContainerInstallation | SshInstallation

export interface LocalInstallation {
  readonly kind: 'local'
  /** The `onnx-mlir` binary. */
  readonly path: string
}

export interface ContainerInstallation {
  readonly kind: 'container'
  readonly engine: Engine
  /** As the user named it. */
  readonly image: string
  /** Image id, `sha256:…`: what runs, whatever the name points to by then. */
  readonly digest: string
  /** Platform of the image, e.g. `linux/s390x`. */
  readonly platform: string
  /** False where the image itself starts something else than onnx-mlir, or nothing. */
  readonly entryPoint: boolean
  /** Further flags for `run`, e.g. `--security-opt=…`. */
  readonly runFlags: readonly string[]
}

export interface Engine {
  readonly kind: 'docker' | 'podman'
  /** Program, by name or path. */
  readonly command: string
  readonly rootless: boolean
}

export interface SshInstallation {
  readonly kind: 'ssh'
  /** `user@host` or `host`. */
  readonly host: string
  readonly port: number | undefined
  /** The compiler's path on that machine. */
  readonly path: string
}

/** The release image of the project. It has no version tags, so builds that must not change name it by digest. */
export const releaseImage = 'onnxmlir/onnx-mlir'

/** How to call an installation in messages. */
export function describeInstallation(installation: Installation): string {
  switch (installation.kind) {
    case 'local':
      return installation.path
    case 'container':
      return `${installation.image} (${installation.engine.kind}, ${installation.platform})`
    case 'ssh':
      return `${installation.path} on ${installation.host}`
  }
}
