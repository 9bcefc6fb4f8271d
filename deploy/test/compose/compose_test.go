package compose_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"

	"tallygate/deploy/internal/testbed"
)

// load reads docker-compose.yml as Compose does, and refuses what Compose refuses.
func load(t *testing.T, env ...string) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(testbed.Root(), "docker-compose.yml")},
		cli.WithName("test"), cli.WithEnv(env), cli.WithProfiles([]string{"observability"}))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestEveryContainerIsHardened(t *testing.T) {
	t.Parallel()
	for name, s := range load(t).Services {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !s.ReadOnly {
				t.Error("its root file system can be written")
			}
			if !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}) {
				t.Errorf("got cap_drop %v and security_opt %v", s.CapDrop, s.SecurityOpt)
			}
			if s.MemLimit == 0 || s.PidsLimit == 0 {
				t.Error("its memory or its processes are not limited")
			}
			if s.Logging == nil || s.Logging.Options["max-size"] == "" || s.Logging.Options["max-file"] == "" || s.Logging.Options["compress"] != "true" {
				t.Error("its log is not rotated and compressed")
			}
			if s.Privileged || s.Pid != "" || s.Ipc != "" || s.NetworkMode == "host" {
				t.Error("it shares the host's namespaces")
			}
			if restart := s.Restart; (name == "secrets") != (restart == "no") || (name != "secrets") != (restart == "unless-stopped") {
				t.Errorf("got restart %q", restart)
			}
			if strings.HasSuffix(s.Image, ":latest") || !strings.Contains(s.Image, ":") {
				t.Errorf("the image %s has no version", s.Image)
			}
		})
	}
}

// make up knows the version, and plain Compose does not. With images of different names, a replica that is added later is of another
// build, and a rotation builds an image first.
func TestMakeUpAndPlainComposeNameTheSameImages(t *testing.T) {
	t.Parallel()
	plain, versioned := load(t).Services, load(t, "VERSION=v1.2.3", "COMMIT=0123abc").Services
	for name, s := range plain {
		if got := versioned[name].Image; got != s.Image {
			t.Errorf("%s: make up names the image %s, and plain Compose %s", name, got, s.Image)
		}
	}
	script, err := os.ReadFile(filepath.Join(testbed.Root(), "deploy", "compose.sh"))
	if err != nil || strings.Contains(string(script), "IMAGE_TAG=") || strings.Contains(string(script), "IMAGE_PREFIX=") {
		t.Errorf("deploy/compose.sh names other images, %v", err)
	}
	published := load(t, "IMAGE_PREFIX=registry.example.com/tallygate", "IMAGE_TAG=v1.2.3").Services["gateway"].Image
	if published != "registry.example.com/tallygate/gateway:v1.2.3" {
		t.Errorf("got the published image %s", published)
	}
}

func TestRightsAreGivenBackOnlyWhereTheyAreNeeded(t *testing.T) {
	t.Parallel()
	want := map[string][]string{
		"secrets":  {"DAC_READ_SEARCH"},
		"postgres": {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"},
	}
	for name, s := range load(t).Services {
		if got := slices.Sorted(slices.Values(s.CapAdd)); !slices.Equal(got, want[name]) {
			t.Errorf("%s: got %v, want %v", name, got, want[name])
		}
		if (s.User != "") != (name == "secrets") {
			t.Errorf("%s: runs as %q, not as the image's user", name, s.User)
		}
	}
}

func TestOnlyTheGatewayIsPublished(t *testing.T) {
	t.Parallel()
	for name, s := range load(t, "PORT=8080").Services {
		if name != "gateway" && name != "prometheus" && len(s.Ports) > 0 {
			t.Errorf("%s publishes %v", name, s.Ports)
		}
		if name == "gateway" && (len(s.Ports) != 1 || s.Ports[0].Published != "8080" || s.Ports[0].Target != 8000) {
			t.Errorf("got %+v, want 8080 for the container's 8000", s.Ports)
		}
	}
	if got := load(t).Services["gateway"].Ports[0].Published; got != "8000" {
		t.Errorf("got %s by default, want 8000", got)
	}
}

func TestEachNetworkHasTheServicesThatNeedIt(t *testing.T) {
	t.Parallel()
	project := load(t)
	got := map[string][]string{}
	for name, s := range project.Services {
		for network := range s.Networks {
			got[network] = append(got[network], name)
		}
	}
	want := map[string][]string{
		"public":   {"gateway"},
		"auth":     {"auth-service", "gateway"},
		"math":     {"gateway", "math-service"},
		"database": {"auth-service", "postgres"},

		"metrics-gateway": {"gateway", "prometheus"},
		"metrics-auth":    {"auth-service", "prometheus"},
		"metrics-math":    {"math-service", "prometheus"},
		"monitoring":      {"prometheus"},
	}
	for network, members := range want {
		if slices.Sort(got[network]); !slices.Equal(got[network], members) {
			t.Errorf("%s: got %v, want %v", network, got[network], members)
		}
		if internal := project.Networks[network].Internal; internal == (network == "public" || network == "monitoring") {
			t.Errorf("%s: internal is %t", network, internal)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got networks %v, want %v", got, want)
	}
	if project.Services["secrets"].NetworkMode != "none" {
		t.Error("the service that makes the secrets has a network")
	}
}

func TestEachContainerSeesItsOwnSecrets(t *testing.T) {
	t.Parallel()
	want := map[string][]string{
		"secrets":      {"secrets-database", "secrets-internal", "secrets-jwt", "secrets-signing"},
		"postgres":     {"secrets-database"},
		"auth-service": {"secrets-database", "secrets-internal", "secrets-jwt", "secrets-signing"},
		"math-service": {"secrets-jwt"},
		"gateway":      {"secrets-internal", "secrets-jwt"},
	}
	for name, s := range load(t).Services {
		var got []string
		for _, v := range s.Volumes {
			if strings.HasPrefix(v.Source, "secrets-") {
				got = append(got, v.Source)
				if v.ReadOnly == (name == "secrets") {
					t.Errorf("%s: %s is read-only: %t", name, v.Source, v.ReadOnly)
				}
			}
		}
		if slices.Sort(got); !slices.Equal(got, want[name]) {
			t.Errorf("%s: got %v, want %v", name, got, want[name])
		}
		for variable, value := range s.Environment {
			if isSecret := strings.Contains(variable, "SECRET") || strings.Contains(variable, "PASSWORD"); isSecret &&
				variable != "SECRETS_DIR" && !strings.HasSuffix(variable, "_FILE") {
				t.Errorf("%s: %s holds a secret (%v)", name, variable, *value)
			}
		}
	}
}

func TestEachServiceStartsWhenWhatItNeedsIsReady(t *testing.T) {
	t.Parallel()
	services := load(t).Services
	for _, need := range []struct{ service, needs, condition string }{
		{"postgres", "secrets", types.ServiceConditionCompletedSuccessfully},
		{"auth-service", "secrets", types.ServiceConditionCompletedSuccessfully},
		{"auth-service", "postgres", types.ServiceConditionHealthy},
		{"math-service", "secrets", types.ServiceConditionCompletedSuccessfully},
		{"gateway", "auth-service", types.ServiceConditionHealthy},
		{"gateway", "math-service", types.ServiceConditionHealthy},
	} {
		if got := services[need.service].DependsOn[need.needs].Condition; got != need.condition {
			t.Errorf("%s waits for %s to be %q, want %q", need.service, need.needs, got, need.condition)
		}
	}
}

func TestTheOperatorsSecretsTakeThePlaceOfTheMadeOnes(t *testing.T) {
	t.Parallel()
	secrets := load(t, "SECRETS_DIR=./own").Services["secrets"]
	if got := secrets.Volumes[0]; got.Type != types.VolumeTypeBind || got.Source != filepath.Join(testbed.Root(), "own") || !got.ReadOnly {
		t.Errorf("got %+v, want the folder, read-only", got)
	}
	if got := secrets.Environment["SECRETS_DIR"]; got == nil || *got != "./own" {
		t.Errorf("got %v, want the folder's name for messages", got)
	}
}

// By default the services listen on loopback, which the gateway in its own container could not reach.
func TestServicesListenWhereTheGatewayCalls(t *testing.T) {
	t.Parallel()
	services := load(t).Services
	for _, call := range []struct{ by, service, listener string }{
		{"AUTH_URL", "auth-service", "ADDR"}, {"AUTH_PRIVATE_URL", "auth-service", "PRIVATE_ADDR"}, {"MATH_URL", "math-service", "ADDR"},
	} {
		url, addr := services["gateway"].Environment[call.by], services[call.service].Environment[call.listener]
		if url == nil || addr == nil || *url != "http://"+call.service+*addr {
			t.Errorf("%s is not the %s of %s", call.by, call.listener, call.service)
		}
	}
}
