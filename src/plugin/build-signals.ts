/** Has a host's `close` stop what runs first: many hosts tell their plugins of it only when that is done. */
export function beforeClose<Args extends unknown[], Result>(
  host: { close: (...args: Args) => Result },
  stop: () => void,
): void {
  const { close } = host
  host.close = (...args) => {
    stop()
    return close.apply(host, args)
  }
}

/**
 * A signal for each build of a host, so that no compiler goes on for minutes when nobody waits for its library any more.
 * Builds are told apart by whatever a host has for each of them: one plugin may serve several builds at a time.
 */
export class BuildSignals {
  private readonly controllers = new WeakMap<object, AbortController>()

  /** Aborted when the build is stopped. */
  of(build: object): AbortSignal {
    return this.controllerOf(build).signal
  }

  /** Ends what is being compiled for the build, and what would be. */
  stop(build: object): void {
    this.controllerOf(build).abort(new DOMException('The build was stopped.', 'AbortError'))
  }

  private controllerOf(build: object): AbortController {
    const controller = this.controllers.get(build) ?? new AbortController()
    this.controllers.set(build, controller)
    return controller
  }
}
