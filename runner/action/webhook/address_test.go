package webhook_test

import (
	"strings"
	"testing"

	"transition/runner/action"
	"transition/runner/action/webhook"
)

// However it is written, the metadata service of a cloud is not asked, and neither
// is whatever else no plan can mean.
func TestAddressesThatAreNotAsked(t *testing.T) {
	for _, host := range []string{
		"169.254.169.254", "169.254.170.2", "[::ffff:169.254.169.254]", "[fe80::1]", "[fd00:ec2::254]", "0.0.0.0", "[::]", "224.0.0.1", "[ff02::1]",
	} {
		t.Run(host, func(t *testing.T) {
			got := webhook.New().Do(t.Context(), post("http://"+host+"/latest/meta-data"))
			if got.Class != action.Permanent || !got.NotBegun || !strings.Contains(got.Reason, "link-local") {
				t.Errorf("got %+v, want a refusal", got)
			}
		})
	}
}
