/// Elementary functions on eight floats at once. Each lane depends on its own argument alone.

/// eˣ, within 1 ulp; subnormal results are rounded once; ∞ above 88.73, 0 below −103.98.
@inline(__always)
func laneExp(_ x: Lanes) -> Lanes {
  // NaN compares false and stays.
  let bounded = x.replacing(with: -104, where: x .< -104).replacing(with: 89, where: x .> 89)
  let shifted = fma(bounded, 1.44269504, 12_582_912)
  let n = shifted - 12_582_912
  var r = bounded.addingProduct(n, Lanes(repeating: -0.693359375))
  r.addProduct(n, Lanes(repeating: 2.12194440e-4))
  var p = fma(r, 0.00019882691577498862, 0.0013926177501010365)
  p = Lanes(repeating: 0.00833332089122923).addingProduct(p, r)
  p = Lanes(repeating: 0.041666554653757494).addingProduct(p, r)
  p = Lanes(repeating: 0.16666666666666666).addingProduct(p, r)
  p = Lanes(repeating: 0.5).addingProduct(p, r)
  p = r.addingProduct(p * r, r) + 1
  let k = unsafeBitCast(shifted, to: SIMD8<Int32>.self) &- 0x4B40_0000
  let half = k &>> 1
  return p * powersOfTwo(half) * powersOfTwo(k &- half)
}

/// 2ᵏ for −126 ≤ k ≤ 127.
@inline(__always)
private func powersOfTwo(_ k: SIMD8<Int32>) -> Lanes {
  unsafeBitCast((k &+ 127) &<< 23, to: Lanes.self)
}

/// |x|, by clearing the sign.
@inline(__always)
func magnitude(_ x: Lanes) -> Lanes {
  unsafeBitCast(unsafeBitCast(x, to: SIMD8<UInt32>.self) & 0x7FFF_FFFF, to: Lanes.self)
}

/// `size` with the sign of x.
@inline(__always)
func withSign(of x: Lanes, _ size: Lanes) -> Lanes {
  let sign = unsafeBitCast(x, to: SIMD8<UInt32>.self) & 0x8000_0000
  return unsafeBitCast(unsafeBitCast(size, to: SIMD8<UInt32>.self) | sign, to: Lanes.self)
}

/// 1 / (1 + e⁻ˣ), within 3 ulp.
@inline(__always)
func laneSigmoid(_ x: Lanes) -> Lanes {
  let small = laneExp(-magnitude(x))
  return Lanes(repeating: 1).replacing(with: small, where: x .< 0) / (small + 1)
}

/// Within 2 ulp.
@inline(__always)
func laneTanh(_ x: Lanes) -> Lanes {
  let size = magnitude(x)
  let z = x * x
  var p = fma(z, 0.0022925576990999673, -0.008343780370476967)
  p = Lanes(repeating: 0.02176886821450062).addingProduct(p, z)
  p = Lanes(repeating: -0.053959253378905704).addingProduct(p, z)
  p = Lanes(repeating: 0.13333303530739316).addingProduct(p, z)
  p = Lanes(repeating: -0.3333333317196775).addingProduct(p, z)
  let small = size.addingProduct(size * z, p)
  let large = 1 - 2 / (laneExp(size + size) + 1)
  return withSign(of: x, large.replacing(with: small, where: size .< 0.625))
}
