#include "base/digest.h"

#include <openssl/evp.h>

#include <cassert>
#include <new>

namespace unspool {

struct Sha256::Context {
  EVP_MD_CTX* md = EVP_MD_CTX_new();
  Context() {
    if (md == nullptr || EVP_DigestInit_ex(md, EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_MD_CTX_free(md); }
};

Sha256::Sha256() : context_{std::make_unique<Context>()} {}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::add(Bytes bytes) { EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()); }

Sha256::Value Sha256::finish() {
  Value value;
  EVP_DigestFinal_ex(context_->md, reinterpret_cast<unsigned char*>(value.data()), nullptr);
  return value;
}

struct Sha1::Context {
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  EVP_MD_CTX* md = EVP_MD_CTX_new();
  Context() {
    if (algorithm == nullptr || md == nullptr) throw std::bad_alloc();
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() {
    EVP_MD_CTX_free(md);
    EVP_MD_free(algorithm);
  }
};

Sha1::Sha1() : context_{std::make_unique<Context>()} {}
Sha1::Sha1(Sha1&&) noexcept = default;
Sha1::~Sha1() = default;

Sha1::Value Sha1::of(Bytes bytes) {
  Value value;
  EVP_DigestInit_ex(context_->md, context_->algorithm, nullptr);
  EVP_DigestUpdate(context_->md, bytes.data(), bytes.size());
  EVP_DigestFinal_ex(context_->md, reinterpret_cast<unsigned char*>(value.data()), nullptr);
  return value;
}

std::string hex(Bytes bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte b : bytes) {
    text += kDigits[std::to_integer<unsigned>(b) >> 4U];
    text += kDigits[std::to_integer<unsigned>(b) & 0xfU];
  }
  return text;
}

std::string base64(Bytes bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends it with a zero byte
  const int written =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  assert(written >= 0);
  text.resize(static_cast<std::size_t>(written));
  return text;
}

}  // namespace unspool
