const key = 'theme'

/**
 * A switch between light and dark that begins as the system has it and remembers what was chosen.
 *
 * @param changed called after the colours are others, by the switch or by the system
 */
export function switchTheme(button: HTMLButtonElement, changed: () => void): void {
  const system = matchMedia('(prefers-color-scheme: dark)')
  const root = document.documentElement
  const isDark = (): boolean => (root.dataset['theme'] ?? (system.matches ? 'dark' : 'light')) === 'dark'
  const apply = (): void => {
    button.ariaChecked = String(isDark())
    changed()
  }
  const chosen = remembered()
  if (chosen === 'dark' || chosen === 'light') root.dataset['theme'] = chosen
  button.addEventListener('click', () => {
    const theme = isDark() ? 'light' : 'dark'
    root.dataset['theme'] = theme
    remember(theme)
    apply()
  })
  system.addEventListener('change', apply)
  apply()
}

/** Where a browser keeps nothing for pages, asking throws: the choice lasts as long as the page then. */
function remembered(): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

function remember(theme: string): void {
  try {
    localStorage.setItem(key, theme)
  } catch {}
}
