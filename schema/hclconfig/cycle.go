package hclconfig

import "strings"

// findCycle looks for a way from a node back to itself in a graph of n nodes,
// and gives the nodes on it, the first one repeated at the end; nil when there
// is none. It visits nodes and edges in the order given, so that the same graph
// always yields the same cycle.
func findCycle(n int, edges func(int) []int) []int {
	const (
		unseen = iota
		onPath
		done
	)
	state := make([]uint8, n)
	var path []int
	var visit func(int) []int
	visit = func(at int) []int {
		state[at] = onPath
		path = append(path, at)
		for _, next := range edges(at) {
			switch state[next] {
			case onPath:
				return closed(path, next)
			case unseen:
				if cycle := visit(next); cycle != nil {
					return cycle
				}
			}
		}
		path = path[:len(path)-1]
		state[at] = done
		return nil
	}
	for at := range n {
		if state[at] == unseen {
			if cycle := visit(at); cycle != nil {
				return cycle
			}
		}
	}
	return nil
}

// closed is the part of the path from a node on, and that node again.
func closed(path []int, from int) []int {
	for i, at := range path {
		if at == from {
			return append(append([]int{}, path[i:]...), from)
		}
	}
	return nil
}

// arrows shows a cycle: a -> b -> a. The middle of a long one is left out.
func arrows(cycle []int, name func(int) string) string {
	const most = 20
	var parts []string
	for i, at := range cycle {
		switch {
		case i < most || i == len(cycle)-1:
			parts = append(parts, name(at))
		case i == most:
			parts = append(parts, "…")
		}
	}
	return strings.Join(parts, " -> ")
}
