//go:build race

package main

// raced: the race detector takes many times the memory.
const raced = true
