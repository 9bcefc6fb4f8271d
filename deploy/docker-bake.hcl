# The three images for all platforms: `docker buildx bake -f deploy/docker-bake.hcl` in the repository's root, with --push to publish them.
# .github/workflows/release.yml does that for every version.

variable "IMAGE_PREFIX" { default = "tallygate" }
variable "IMAGE_TAG" { default = "dev" }
variable "VERSION" { default = "dev" }
variable "COMMIT" { default = "unknown" }
variable "GO_IMAGE" { default = "golang:1.26-bookworm" }

group "default" {
  targets = ["image"]
}

target "image" {
  matrix     = { service = ["auth-service", "math-service", "gateway"] }
  name       = service
  context    = "."
  dockerfile = "deploy/Dockerfile"
  target     = service
  platforms  = ["linux/amd64", "linux/arm64"]
  tags       = ["${IMAGE_PREFIX}/${service}:${IMAGE_TAG}"]
  args = {
    VERSION  = VERSION
    COMMIT   = COMMIT
    GO_IMAGE = GO_IMAGE
  }
}
