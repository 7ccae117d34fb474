package hclconfig

import (
	"fmt"
	"strings"

	"transition/schema/diag"
)

// zoneHint asks whether another zone was meant. The database cannot be listed, so
// it tries other spellings first and then compares with the zones most in use.
func zoneHint(given string) string {
	spelt := strings.ReplaceAll(strings.TrimSpace(given), " ", "_")
	for _, try := range []string{spelt, titleZone(spelt), strings.ToUpper(spelt)} {
		if _, ok := loadZone(try); ok && try != given {
			return fmt.Sprintf("Did you mean %q?", try)
		}
	}
	if zone := abbreviated(strings.ToUpper(spelt)); zone != "" {
		return fmt.Sprintf("Did you mean %q? Abbreviations are ambiguous.", zone)
	}
	if zone := diag.Suggest(titleZone(spelt), usualZones()); zone != "" {
		return fmt.Sprintf("Did you mean %q?", zone)
	}
	return `Write a name such as "Europe/Vienna", "America/Los_Angeles" or "UTC".`
}

// titleZone writes a name as the database does: America/New_York.
func titleZone(s string) string {
	out, begin := []byte(strings.ToLower(s)), true
	for i, c := range out {
		if begin && c >= 'a' && c <= 'z' {
			out[i] = c - 'a' + 'A'
		}
		begin = c == '/' || c == '_' || c == '-'
	}
	return string(out)
}

func abbreviated(s string) string {
	switch s {
	case "PST", "PDT", "PT", "PACIFIC":
		return "America/Los_Angeles"
	case "MDT", "MT":
		return "America/Denver"
	case "CST", "CDT", "CT":
		return "America/Chicago"
	case "EDT", "EASTERN":
		return "America/New_York"
	case "BST":
		return "Europe/London"
	case "CEST", "MEZ", "MESZ":
		return "Europe/Berlin"
	case "IST":
		return "Asia/Kolkata"
	case "JST":
		return "Asia/Tokyo"
	case "AEST", "AEDT":
		return "Australia/Sydney"
	case "Z":
		return "UTC"
	default:
		return ""
	}
}

func usualZones() []string {
	return []string{
		"Africa/Cairo", "Africa/Johannesburg", "Africa/Lagos", "Africa/Nairobi",
		"America/Anchorage", "America/Bogota", "America/Chicago", "America/Denver", "America/Halifax", "America/Lima",
		"America/Los_Angeles", "America/Mexico_City", "America/New_York", "America/Phoenix", "America/Sao_Paulo",
		"America/Toronto", "America/Vancouver",
		"Asia/Bangkok", "Asia/Dhaka", "Asia/Dubai", "Asia/Hong_Kong", "Asia/Jakarta", "Asia/Jerusalem", "Asia/Karachi",
		"Asia/Kolkata", "Asia/Manila", "Asia/Riyadh", "Asia/Seoul", "Asia/Shanghai", "Asia/Singapore", "Asia/Tehran",
		"Asia/Tokyo", "Australia/Adelaide", "Australia/Brisbane", "Australia/Melbourne", "Australia/Perth",
		"Australia/Sydney", "Europe/Amsterdam", "Europe/Athens", "Europe/Berlin", "Europe/Brussels", "Europe/Budapest",
		"Europe/Copenhagen", "Europe/Dublin", "Europe/Helsinki", "Europe/Istanbul", "Europe/Kyiv", "Europe/Lisbon",
		"Europe/London", "Europe/Madrid", "Europe/Moscow", "Europe/Oslo", "Europe/Paris", "Europe/Prague",
		"Europe/Rome", "Europe/Stockholm", "Europe/Vienna", "Europe/Warsaw", "Europe/Zurich",
		"Pacific/Auckland", "Pacific/Honolulu",
	}
}
