// Package schema is the typed configuration: what an author wrote in a plan
// directory, decoded, checked and compiled, with every cross-reference resolved.
//
// It holds no rule about what follows from a plan; that is the job of package
// plans. Values are built once by hclconfig.Load and never change afterwards, so
// they may be read from any number of goroutines.
package schema
