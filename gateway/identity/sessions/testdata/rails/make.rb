# Writes vectors.json beside this file: cookies as Rails' cookie store sets them.
require "action_dispatch"
require "active_support"
require "active_support/all"
require "active_support/messages/rotation_configuration"
require "json"
require "rack/mock"

SECRETS = ["1" * 128, "2" * 128].freeze

# Rails 6.1 derives keys with SHA1 only; from 7.0 on, KeyGenerator does this where
# hash_digest_class is SHA256.
SHA256Keys = Struct.new(:secret) do
  def generate_key(salt, size = 64)
    OpenSSL::PKCS5.pbkdf2_hmac(secret, salt, 1000, size, OpenSSL::Digest.new("SHA256"))
  end
end

# What Rails::Application#env_config hands to the middleware.
def env(secret, digest, metadata)
  keys = ActiveSupport::KeyGenerator.new(secret, iterations: 1000)
  keys = SHA256Keys.new(secret) if digest == "SHA256"
  {
    "action_dispatch.key_generator" => keys,
    "action_dispatch.secret_key_base" => secret,
    "action_dispatch.use_authenticated_cookie_encryption" => true,
    "action_dispatch.authenticated_encrypted_cookie_salt" => "authenticated encrypted cookie",
    "action_dispatch.cookies_serializer" => :json,
    "action_dispatch.use_cookies_with_metadata" => metadata,
    "action_dispatch.cookies_rotations" => ActiveSupport::Messages::RotationConfiguration.new,
  }
end

def cookies(values, secret: SECRETS[0], digest: "SHA1", metadata: true, serializer: :json, key: "_shop_session", **options)
  app = lambda do |e|
    values.each { |name, value| e["rack.session"][name] = value }
    [200, {}, []]
  end
  app = ActionDispatch::Session::CookieStore.new(app, { key: key }.merge(options))
  app = ActionDispatch::Cookies.new(app)
  e = Rack::MockRequest.env_for("http://localhost/", env(secret, digest, metadata))
  e["action_dispatch.cookies_serializer"] = serializer
  header = app.call(e)[1]["Set-Cookie"]
  name, value = header.split(";")[0].split("=", 2)
  { name => value }
end

user = { "warden.user.user.key" => [[42], "$2a$12$abcdefghijklmnopqrstuv"], "role" => "admin" }
vectors = {
  "user" => { cookies: cookies(user), values: user },
  "anonymous" => { cookies: cookies({ "cart" => [1, 2] }), values: { "cart" => [1, 2] } },
  "older key" => { cookies: cookies(user, secret: SECRETS[1]), values: user },
  "expires in an hour" => { cookies: cookies(user, expire_after: 3600), values: user },
  "another cookie" => { cookies: { "_shop_session" => cookies(user, key: "_other_session").values[0] }, values: user },
  "no purpose" => { cookies: cookies(user, metadata: false), values: user },
  "marshal" => { cookies: cookies(user, serializer: :marshal), values: user },
  "sha256" => { cookies: cookies(user, digest: "SHA256"), values: user },
}
# The id is random; the tests compare what the application has put in.
made = {
  made_by: "Rails (actionpack) #{ActionPack.version}, Ruby #{RUBY_VERSION}",
  made: Time.now.to_i,
  secrets: SECRETS,
  vectors: vectors,
}
File.write(File.join(__dir__, "vectors.json"), JSON.pretty_generate(made) + "\n")
