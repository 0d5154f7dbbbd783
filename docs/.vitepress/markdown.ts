import type { MarkdownRenderer } from 'vitepress'

/** What lies beside `docs/`: sources, tests, examples. A repository has them, the site has not. */
const outside = /^(?:\.\.\/)+(?:examples|src|native|test|scripts|CONTRIBUTING\.md|CHANGELOG\.md)\b/

/** Links that lead out of the site are text in it. */
export function linksInside(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('links-inside', ({ tokens }) => {
    for (const token of tokens) {
      let isOutside = false
      token.children = (token.children ?? []).filter((child) => {
        if (child.type === 'link_open') isOutside = outside.test(String(child.attrGet('href')))
        const isDropped = isOutside && /^link_(?:open|close)$/.test(child.type)
        if (child.type === 'link_close') isOutside = false
        return !isDropped
      })
    }
  })
}

/** The name of a file that a sample is, above it: ` ```json [package.json]`. */
export function namedSamples(markdown: MarkdownRenderer): void {
  const { fence } = markdown.renderer.rules
  markdown.renderer.rules.fence = (tokens, index, ...rest) => {
    const [, name] = /\[(.+)\]/.exec(tokens[index]?.info ?? '') ?? []
    const code = fence?.(tokens, index, ...rest) ?? ''
    return name === undefined ? code : `<p class="file-name">${markdown.utils.escapeHtml(name)}</p>${code}`
  }
}
