# frozen_string_literal: true

# Prints a token as Peatio's authentication service (Barong, lib/barong/jwt.rb) issues it: RS256,
# subject "session".
#
#   gem install jwt              # or Debian's ruby-jwt
#   openssl genrsa -out jwt.key 2048 && openssl rsa -in jwt.key -pubout -out jwt.pub
#   ranger serve --jwt-public-key jwt.pub
#   ranger tail order --token "$(ruby examples/jwt-ruby/token.rb jwt.key ID0000000001)"
#
# A third argument is the role, "member" by default.
require "jwt"
require "openssl"
require "securerandom"

# Seconds; a client gets a new token before this one expires.
LIFETIME = 3600

file, uid, role = ARGV
abort "usage: token.rb PRIVATE_KEY_FILE UID [ROLE]" if uid.nil?

claims = {
  iat: Time.now.to_i,
  exp: Time.now.to_i + LIFETIME,
  sub: "session",
  # Checked only where auth.issuer and auth.audience are set.
  iss: "barong",
  aud: %w[peatio barong],
  jti: SecureRandom.hex(10),
  uid: uid,
  role: role || "member"
}
puts JWT.encode(claims, OpenSSL::PKey.read(File.read(file)), "RS256")
