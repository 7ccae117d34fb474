// Package view shows what the tool knows: as text for people, as JSON for
// machines, as Markdown for pull requests.
//
// Views get values and write bytes; they decide nothing and read no clock.
// Whatever comes from outside (tenants, commands, plan files) is cleaned of
// control characters before it reaches a terminal and escaped before it reaches
// a format. Every function returns the first error of its writer.
package view
