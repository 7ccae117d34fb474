// Package cli is the command line: it turns arguments into values, calls the
// runner, hands what comes back to a view, and answers with an exit code.
//
// There is one file for each command. A command is a struct of its arguments and
// a function that runs it; everything it touches of the world comes in as an
// [Env].
package cli
