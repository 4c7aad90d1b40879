/**
 * From a control-flow graph to structured control flow, by dominators (N. Ramsey, "Beyond Relooper", 2022): every block
 * that several edges lead forward to follows the end of a wasm block, every block that an edge leads back to starts a
 * wasm loop. Node 0 is a dispatcher: whatever cannot be expressed otherwise goes through it.
 */
export interface Graph {
  /** Successors by node; node 0 is the dispatcher, whose successors are the entries. */
  readonly successors: readonly (readonly number[])[]
}

export interface Shape {
  /** Nodes that each node immediately dominates, in reverse postorder. */
  readonly children: readonly (readonly number[])[]
  /** Nodes that an edge leads back to. */
  readonly loops: ReadonlySet<number>
  /** Nodes that several edges lead forward to, or the dispatcher. */
  readonly merges: ReadonlySet<number>
  /** Whether an edge goes back to its target's loop. */
  readonly isBack: (from: number, to: number) => boolean
  /** The dispatcher's successors: the entries, and the targets of edges that enter a loop other than by its head. */
  readonly dispatched: readonly number[]
  /** Whether an edge has to go through the dispatcher. */
  readonly isDispatched: (from: number, to: number) => boolean
}

export const shapeOf = (graph: Graph): Shape => {
  const dispatched = new Set(graph.successors[0] ?? [])
  const detours = new Set<string>()
  for (;;) {
    const successors = graph.successors.map((list, node) =>
      node === 0 ? [...dispatched] : list.filter((to) => !detours.has(`${String(node)}>${String(to)}`)),
    )
    const order = reversePostorder(successors)
    const position = new Array<number>(successors.length).fill(-1)
    order.forEach((node, index) => (position[node] = index))
    const predecessors = successors.map((): number[] => [])
    for (const node of order) for (const to of successors[node] ?? []) predecessors[to]?.push(node)
    const dominator = dominators(order, position, predecessors)
    const dominates = (a: number, b: number): boolean => {
      let at = b
      while (at !== a && at !== 0) at = dominator[at] ?? 0
      return at === a
    }
    // An edge backwards to a node that does not dominate its source enters a loop from aside.
    let changed = false
    for (const node of order) {
      for (const to of successors[node] ?? []) {
        if (node === 0 || (position[to] ?? 0) > (position[node] ?? 0) || dominates(to, node)) continue
        detours.add(`${String(node)}>${String(to)}`)
        dispatched.add(to)
        changed = true
      }
    }
    if (changed) continue
    const children = successors.map((): number[] => [])
    for (const node of order) if (node !== 0) children[dominator[node] ?? 0]?.push(node)
    const isBack = (from: number, to: number): boolean => (position[to] ?? 0) <= (position[from] ?? 0)
    const loops = new Set<number>()
    const merges = new Set<number>()
    for (const node of order) {
      const into = predecessors[node] ?? []
      if (into.some((from) => isBack(from, node))) loops.add(node)
      if (into.filter((from) => !isBack(from, node)).length > 1) merges.add(node)
    }
    for (const node of dispatched) merges.add(node)
    return {
      children,
      loops,
      merges,
      isBack,
      dispatched: [...dispatched],
      isDispatched: (from, to) => detours.has(`${String(from)}>${String(to)}`),
    }
  }
}

const reversePostorder = (successors: readonly (readonly number[])[]): number[] => {
  const order: number[] = []
  const seen = new Uint8Array(successors.length)
  const stack: { node: number; next: number }[] = [{ node: 0, next: 0 }]
  seen[0] = 1
  for (let top = stack[0]; top !== undefined; top = stack[stack.length - 1]) {
    const to = successors[top.node]?.[top.next++]
    if (to === undefined) {
      order.push(top.node)
      stack.pop()
    } else if (seen[to] === 0) {
      seen[to] = 1
      stack.push({ node: to, next: 0 })
    }
  }
  return order.reverse()
}

/** Immediate dominators (Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm"). */
const dominators = (order: readonly number[], position: readonly number[], predecessors: readonly (readonly number[])[]): number[] => {
  const dominator = new Array<number>(position.length).fill(-1)
  dominator[0] = 0
  const at = (node: number): number => position[node] ?? 0
  const meet = (a: number, b: number): number => {
    while (a !== b) {
      while (at(a) > at(b)) a = dominator[a] ?? 0
      while (at(b) > at(a)) b = dominator[b] ?? 0
    }
    return a
  }
  for (let changed = true; changed; ) {
    changed = false
    for (const node of order) {
      if (node === 0) continue
      let best = -1
      for (const from of predecessors[node] ?? []) {
        if ((dominator[from] ?? -1) < 0) continue
        best = best < 0 ? from : meet(from, best)
      }
      if (best >= 0 && dominator[node] !== best) {
        dominator[node] = best
        changed = true
      }
    }
  }
  return dominator
}
