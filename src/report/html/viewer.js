// The page of an NNPA report: plain browser script, put into the page as it is. Text of the model only ever becomes
// text content.
'use strict'
;(() => {
  const nodes = JSON.parse(document.getElementById('report').textContent)
  const boxes = [...document.querySelectorAll('.node')]
  const boxOf = new Map(boxes.map((box) => [Number(box.dataset.node), box]))
  const graph = document.getElementById('graph')
  const svg = graph.querySelector('svg')
  const search = document.getElementById('search')
  const details = document.getElementById('details')
  const reasons = document.getElementById('reasons')
  const haystacks = nodes.map(({ name, op, reasons: said, note = '' }) =>
    [name, op, ...said, note].join('\n').toLowerCase(),
  )
  const filter = { device: '', reason: '' }
  let open = -1

  function matches(index) {
    const { device, reasons: said, note } = nodes[index]
    if (filter.device && device !== filter.device) return false
    if (filter.reason && (device !== 'cpu' || (said[0] ?? note) !== filter.reason)) return false
    return haystacks[index].includes(search.value.trim().toLowerCase())
  }

  function applyFilter() {
    let count = 0
    for (const box of boxes) {
      const isMatch = matches(Number(box.dataset.node))
      box.classList.toggle('faded', !isMatch)
      // The tab key goes through what matches.
      box.setAttribute('tabindex', isMatch ? '0' : '-1')
      if (isMatch) count++
    }
    const isFiltered = filter.device || filter.reason || search.value.trim()
    document.getElementById('count').textContent = isFiltered ? `${count} of ${boxes.length} nodes` : ''
    for (const button of document.querySelectorAll('[data-device]'))
      button.setAttribute('aria-pressed', String(button.dataset.device === filter.device))
    for (const button of document.querySelectorAll('[data-reason]'))
      button.setAttribute('aria-pressed', String(button.dataset.reason === filter.reason))
  }

  function element(name, ...children) {
    const result = document.createElement(name)
    result.append(...children)
    return result
  }

  function close() {
    if (open < 0) return
    boxOf.get(open).classList.remove('open')
    boxOf.get(open).focus({ preventScroll: true })
    open = -1
    details.hidden = true
    reasons.hidden = false
  }

  function show(index) {
    if (open >= 0) boxOf.get(open).classList.remove('open')
    open = index
    const box = boxOf.get(index)
    box.classList.add('open')
    details.replaceChildren(closeButton(), element('h2', nodes[index].name), facts(nodes[index]))
    details.hidden = false
    reasons.hidden = true
  }

  function closeButton() {
    const button = element('button', 'Close (Esc)')
    button.type = 'button'
    button.addEventListener('click', close)
    return button
  }

  function facts(node) {
    const { op, device, reasons: said, note, chosen, with: partners, flops, outputs, inputs } = node
    const list = element('dl')
    const fact = (name, ...children) => list.append(element('dt', name), element('dd', ...children))
    fact('Operator', op)
    fact('Device', device === 'nnpa' ? 'NNPA' : 'CPU')
    for (const reason of said) fact('Reason', reason)
    if (note) fact('Note', note)
    if (chosen) fact('Chosen', chosen === 'nnpa' ? 'NNPA' : 'CPU')
    if (partners.length > 0) fact('One with', partners.join(', '))
    fact('FLOPs', flops.toLocaleString('en'))
    fact('Outputs', outputs.join(', '))
    const links = inputs.map(linkTo)
    if (links.length > 0) fact('Takes from', ...links)
    return list
  }

  function linkTo(index) {
    const button = element('button', nodes[index].name)
    button.type = 'button'
    button.disabled = !boxOf.has(index)
    button.addEventListener('click', () => {
      show(index)
      reveal(index)
    })
    return button
  }

  function reveal(index) {
    const box = boxOf.get(index)
    box.scrollIntoView({ block: 'center', inline: 'center' })
    box.focus({ preventScroll: true })
  }

  const size = { width: svg.viewBox.baseVal.width, height: svg.viewBox.baseVal.height }
  let scale = 1
  function zoom(wanted) {
    const middle = (graph.scrollTop + graph.clientHeight / 2) / scale
    scale = Math.min(2, Math.max(0.05, wanted))
    svg.setAttribute('width', String(size.width * scale))
    svg.setAttribute('height', String(size.height * scale))
    graph.scrollTop = middle * scale - graph.clientHeight / 2
  }

  graph.addEventListener('click', (event) => {
    const box = event.target.closest('.node')
    if (box) show(Number(box.dataset.node))
  })
  graph.addEventListener('keydown', (event) => {
    const box = event.target.closest('.node')
    if (!box || (event.key !== 'Enter' && event.key !== ' ')) return
    event.preventDefault()
    show(Number(box.dataset.node))
  })
  graph.addEventListener(
    'wheel',
    (event) => {
      if (!event.ctrlKey) return
      event.preventDefault()
      zoom(scale * (event.deltaY < 0 ? 1.15 : 1 / 1.15))
    },
    { passive: false },
  )
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close()
    else if (event.key === '/' && document.activeElement !== search) {
      event.preventDefault()
      search.focus()
      search.select()
    }
  })
  search.addEventListener('input', applyFilter)
  search.addEventListener('keydown', (event) => {
    const first = boxes.find((box) => !box.classList.contains('faded'))
    if (event.key === 'Enter' && first) reveal(Number(first.dataset.node))
  })
  for (const button of document.querySelectorAll('[data-device]')) {
    button.addEventListener('click', () => {
      filter.device = button.dataset.device
      applyFilter()
    })
  }
  for (const button of document.querySelectorAll('[data-reason]')) {
    button.addEventListener('click', () => {
      filter.reason = filter.reason === button.dataset.reason ? '' : button.dataset.reason
      applyFilter()
    })
  }
  document.getElementById('smaller').addEventListener('click', () => zoom(scale / 1.25))
  document.getElementById('larger').addEventListener('click', () => zoom(scale * 1.25))
  zoom(Math.min(1, (graph.clientWidth - 20) / size.width))
  graph.scrollTop = 0
})()
