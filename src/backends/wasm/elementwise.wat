;; Kernels that take each number by itself, four at a time. Addresses are in bytes; $last is where the last four begin,
;; 4·n − 16, and they may overlap the four before: n is at least 4, and no output may be an input. exp is Cephes's expf.
;; test/backends/wasmBinaries.test.ts checks that elementwiseSimd.ts holds this.
(module
  (import "env" "memory" (memory 1 65536 shared))

  ;; Of two inputs; one whose $step is 0 instead of −1 stays at its first four.

  (func (export "add")
    (param $a i32) (param $aStep i32) (param $b i32) (param $bStep i32) (param $out i32) (param $last i32) (local $i i32)
    (loop $more
      (v128.store (i32.add (local.get $out) (local.get $i)) (f32x4.add
        (v128.load (i32.add (local.get $a) (i32.and (local.get $i) (local.get $aStep))))
        (v128.load (i32.add (local.get $b) (i32.and (local.get $i) (local.get $bStep))))))
      (if (i32.lt_u (local.get $i) (local.get $last)) (then
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (local.set $i (select (local.get $i) (local.get $last) (i32.lt_u (local.get $i) (local.get $last))))
        (br $more)))))

  (func (export "sub")
    (param $a i32) (param $aStep i32) (param $b i32) (param $bStep i32) (param $out i32) (param $last i32) (local $i i32)
    (loop $more
      (v128.store (i32.add (local.get $out) (local.get $i)) (f32x4.sub
        (v128.load (i32.add (local.get $a) (i32.and (local.get $i) (local.get $aStep))))
        (v128.load (i32.add (local.get $b) (i32.and (local.get $i) (local.get $bStep))))))
      (if (i32.lt_u (local.get $i) (local.get $last)) (then
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (local.set $i (select (local.get $i) (local.get $last) (i32.lt_u (local.get $i) (local.get $last))))
        (br $more)))))

  (func (export "mul")
    (param $a i32) (param $aStep i32) (param $b i32) (param $bStep i32) (param $out i32) (param $last i32) (local $i i32)
    (loop $more
      (v128.store (i32.add (local.get $out) (local.get $i)) (f32x4.mul
        (v128.load (i32.add (local.get $a) (i32.and (local.get $i) (local.get $aStep))))
        (v128.load (i32.add (local.get $b) (i32.and (local.get $i) (local.get $bStep))))))
      (if (i32.lt_u (local.get $i) (local.get $last)) (then
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (local.set $i (select (local.get $i) (local.get $last) (i32.lt_u (local.get $i) (local.get $last))))
        (br $more)))))

  (func (export "div")
    (param $a i32) (param $aStep i32) (param $b i32) (param $bStep i32) (param $out i32) (param $last i32) (local $i i32)
    (loop $more
      (v128.store (i32.add (local.get $out) (local.get $i)) (f32x4.div
        (v128.load (i32.add (local.get $a) (i32.and (local.get $i) (local.get $aStep))))
        (v128.load (i32.add (local.get $b) (i32.and (local.get $i) (local.get $bStep))))))
      (if (i32.lt_u (local.get $i) (local.get $last)) (then
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (local.set $i (select (local.get $i) (local.get $last) (i32.lt_u (local.get $i) (local.get $last))))
        (br $more)))))

  ;; a where b is positive, or not a number; otherwise 0. That is the gradient of relu, dy in place of a, x of b.
  (func (export "whereAboveZero")
    (param $a i32) (param $b i32) (param $out i32) (param $last i32) (local $i i32)
    (loop $more
      (v128.store (i32.add (local.get $out) (local.get $i)) (v128.andnot
        (v128.load (i32.add (local.get $a) (local.get $i)))
        (f32x4.le (v128.load (i32.add (local.get $b) (local.get $i))) (v128.const i32x4 0 0 0 0))))
      (if (i32.lt_u (local.get $i) (local.get $last)) (then
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (local.set $i (select (local.get $i) (local.get $last) (i32.lt_u (local.get $i) (local.get $last))))
        (br $more)))))

  ;; Of one input.

  (func (export "neg") (param $x i32) (param $out i32) (param $last i32) (local $i i32) (local $v v128)
    (loop $more
      (local.set $v (v128.load (i32.add (local.get $x) (local.get $i))))
      (v128.store (i32.add (local.get $out) (local.get $i)) (f32x4.neg (local.get $v)))
      (if (i32.lt_u (local.get $i) (local.get $last)) (then
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (local.set $i (select (local.get $i) (local.get $last) (i32.lt_u (local.get $i) (local.get $last))))
        (br $more)))))

  (func (export "abs") (param $x i32) (param $out i32) (param $last i32) (local $i i32) (local $v v128)
    (loop $more
      (local.set $v (v128.load (i32.add (local.get $x) (local.get $i))))
      (v128.store (i32.add (local.get $out) (local.get $i)) (f32x4.abs (local.get $v)))
      (if (i32.lt_u (local.get $i) (local.get $last)) (then
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (local.set $i (select (local.get $i) (local.get $last) (i32.lt_u (local.get $i) (local.get $last))))
        (br $more)))))

  (func (export "square") (param $x i32) (param $out i32) (param $last i32) (local $i i32) (local $v v128)
    (loop $more
      (local.set $v (v128.load (i32.add (local.get $x) (local.get $i))))
      (v128.store (i32.add (local.get $out) (local.get $i)) (f32x4.mul (local.get $v) (local.get $v)))
      (if (i32.lt_u (local.get $i) (local.get $last)) (then
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (local.set $i (select (local.get $i) (local.get $last) (i32.lt_u (local.get $i) (local.get $last))))
        (br $more)))))

  (func (export "relu") (param $x i32) (param $out i32) (param $last i32) (local $i i32) (local $v v128)
    (loop $more
      (local.set $v (v128.load (i32.add (local.get $x) (local.get $i))))
      (v128.store (i32.add (local.get $out) (local.get $i)) (f32x4.pmax (local.get $v) (v128.const i32x4 0 0 0 0)))
      (if (i32.lt_u (local.get $i) (local.get $last)) (then
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (local.set $i (select (local.get $i) (local.get $last) (i32.lt_u (local.get $i) (local.get $last))))
        (br $more)))))

  ;; $signed is 1: eˣ. 0: the sigmoid, from e = exp −|x|, which cannot overflow, as 1 / (1 + e), or e / (1 + e) for negative x.
  ;;
  ;; An exponential is 2ⁿ·eʳ with |r| ≤ ½ ln 2. Adding 1.5·2²³ rounds to n and leaves it in the lowest bits. 2ⁿ is multiplied
  ;; in two halves, as it may lie beyond what the exponent of a float32 can hold: very small results are denormal, not 0.
  (func $exponential (export "exponential") (param $signed i32) (param $x i32) (param $out i32) (param $last i32)
    (local $i i32) (local $v v128) (local $n v128) (local $r v128) (local $half v128) (local $e v128)
    (loop $more
      (local.set $v (v128.load (i32.add (local.get $x) (local.get $i))))
      (local.set $e (local.get $v))
      (if (i32.eqz (local.get $signed)) (then (local.set $e (f32x4.neg (f32x4.abs (local.get $v))))))
      (local.set $e (f32x4.pmax (f32x4.pmin (local.get $e) (v128.const f32x4 89 89 89 89)) (v128.const f32x4 -104 -104 -104 -104)))
      (local.set $n (f32x4.add
        (f32x4.mul (local.get $e) (v128.const f32x4 1.44269504 1.44269504 1.44269504 1.44269504)) (v128.const f32x4 12582912 12582912 12582912 12582912)))
      (local.set $r (f32x4.sub (local.get $n) (v128.const f32x4 12582912 12582912 12582912 12582912)))
      ;; ln 2 in two parts, the first of which has few digits, so that its product is exact
      (local.set $e (f32x4.sub (local.get $e) (f32x4.mul (local.get $r) (v128.const f32x4 0.693359375 0.693359375 0.693359375 0.693359375))))
      (local.set $r (f32x4.add (local.get $e) (f32x4.mul (local.get $r) (v128.const f32x4 2.12194440e-4 2.12194440e-4 2.12194440e-4 2.12194440e-4))))
      (local.set $e (v128.const f32x4 1.9875691500e-4 1.9875691500e-4 1.9875691500e-4 1.9875691500e-4))
      (local.set $e (f32x4.add (f32x4.mul (local.get $e) (local.get $r)) (v128.const f32x4 1.3981999507e-3 1.3981999507e-3 1.3981999507e-3 1.3981999507e-3)))
      (local.set $e (f32x4.add (f32x4.mul (local.get $e) (local.get $r)) (v128.const f32x4 8.3334519073e-3 8.3334519073e-3 8.3334519073e-3 8.3334519073e-3)))
      (local.set $e (f32x4.add (f32x4.mul (local.get $e) (local.get $r)) (v128.const f32x4 4.1665795894e-2 4.1665795894e-2 4.1665795894e-2 4.1665795894e-2)))
      (local.set $e (f32x4.add (f32x4.mul (local.get $e) (local.get $r)) (v128.const f32x4 1.6666665459e-1 1.6666665459e-1 1.6666665459e-1 1.6666665459e-1)))
      (local.set $e (f32x4.add (f32x4.mul (local.get $e) (local.get $r)) (v128.const f32x4 5.0000001201e-1 5.0000001201e-1 5.0000001201e-1 5.0000001201e-1)))
      (local.set $e (f32x4.add (f32x4.mul (local.get $e) (local.get $r)) (v128.const f32x4 1 1 1 1)))
      (local.set $e (f32x4.add (f32x4.mul (local.get $e) (local.get $r)) (v128.const f32x4 1 1 1 1)))
      (local.set $n (i32x4.sub (local.get $n) (v128.const i32x4 0x4B400000 0x4B400000 0x4B400000 0x4B400000)))
      (local.set $half (i32x4.shr_s (local.get $n) (i32.const 1)))
      (local.set $n (i32x4.sub (local.get $n) (local.get $half)))
      (local.set $half (i32x4.shl (i32x4.add (local.get $half) (v128.const i32x4 127 127 127 127)) (i32.const 23)))
      (local.set $n (i32x4.shl (i32x4.add (local.get $n) (v128.const i32x4 127 127 127 127)) (i32.const 23)))
      (local.set $e (f32x4.mul (f32x4.mul (local.get $e) (local.get $half)) (local.get $n)))
      (if (i32.eqz (local.get $signed)) (then
        (local.set $e (f32x4.div
          (v128.bitselect (local.get $e) (v128.const f32x4 1 1 1 1) (f32x4.lt (local.get $v) (v128.const i32x4 0 0 0 0)))
          (f32x4.add (local.get $e) (v128.const f32x4 1 1 1 1))))))
      (v128.store (i32.add (local.get $out) (local.get $i)) (local.get $e))
      (if (i32.lt_u (local.get $i) (local.get $last)) (then
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (local.set $i (select (local.get $i) (local.get $last) (i32.lt_u (local.get $i) (local.get $last))))
        (br $more)))))

  ;; tanh as Eigen has it: x times a quotient of polynomials in x², of degree 6 and 3, within a few last digits of 1 where it
  ;; is cut off.
  (func (export "tanh") (param $x i32) (param $out i32) (param $last i32)
    (local $i i32) (local $v v128) (local $square v128) (local $p v128) (local $q v128)
    (loop $more
      (local.set $v (v128.load (i32.add (local.get $x) (local.get $i))))
      (local.set $v (f32x4.pmax (f32x4.pmin (local.get $v) (v128.const f32x4 7.90531110763549805 7.90531110763549805 7.90531110763549805 7.90531110763549805)) (v128.const f32x4 -7.90531110763549805 -7.90531110763549805 -7.90531110763549805 -7.90531110763549805)))
      (local.set $square (f32x4.mul (local.get $v) (local.get $v)))
      (local.set $p (v128.const f32x4 -2.76076847742355e-16 -2.76076847742355e-16 -2.76076847742355e-16 -2.76076847742355e-16))
      (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $square)) (v128.const f32x4 2.00018790482477e-13 2.00018790482477e-13 2.00018790482477e-13 2.00018790482477e-13)))
      (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $square)) (v128.const f32x4 -8.60467152213735e-11 -8.60467152213735e-11 -8.60467152213735e-11 -8.60467152213735e-11)))
      (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $square)) (v128.const f32x4 5.12229709037114e-8 5.12229709037114e-8 5.12229709037114e-8 5.12229709037114e-8)))
      (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $square)) (v128.const f32x4 1.48572235717979e-5 1.48572235717979e-5 1.48572235717979e-5 1.48572235717979e-5)))
      (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $square)) (v128.const f32x4 6.37261928875436e-4 6.37261928875436e-4 6.37261928875436e-4 6.37261928875436e-4)))
      (local.set $p (f32x4.add (f32x4.mul (local.get $p) (local.get $square)) (v128.const f32x4 4.89352455891786e-3 4.89352455891786e-3 4.89352455891786e-3 4.89352455891786e-3)))
      (local.set $q (v128.const f32x4 1.19825839466702e-6 1.19825839466702e-6 1.19825839466702e-6 1.19825839466702e-6))
      (local.set $q (f32x4.add (f32x4.mul (local.get $q) (local.get $square)) (v128.const f32x4 1.18534705686654e-4 1.18534705686654e-4 1.18534705686654e-4 1.18534705686654e-4)))
      (local.set $q (f32x4.add (f32x4.mul (local.get $q) (local.get $square)) (v128.const f32x4 2.26843463243900e-3 2.26843463243900e-3 2.26843463243900e-3 2.26843463243900e-3)))
      (local.set $q (f32x4.add (f32x4.mul (local.get $q) (local.get $square)) (v128.const f32x4 4.89352518554385e-3 4.89352518554385e-3 4.89352518554385e-3 4.89352518554385e-3)))
      (v128.store (i32.add (local.get $out) (local.get $i)) (f32x4.div (f32x4.mul (local.get $v) (local.get $p)) (local.get $q)))
      (if (i32.lt_u (local.get $i) (local.get $last)) (then
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (local.set $i (select (local.get $i) (local.get $last) (i32.lt_u (local.get $i) (local.get $last))))
        (br $more)))))

  ;; softplus, max(x, 0) + log(1 + e) with the same e, by log(1 + e) = 2 artanh(t) = 2 (t + t³/3 + t⁵/5 + …) with
  ;; t = e / (2 + e) ≤ ⅓. The exponential is written out again, as V8 calls functions instead of inlining them.
  (func $softplus (export "softplus") (param $x i32) (param $out i32) (param $last i32)
    (local $i i32) (local $v v128) (local $n v128) (local $r v128) (local $half v128) (local $e v128) (local $t v128)
    (loop $more
      (local.set $v (v128.load (i32.add (local.get $x) (local.get $i))))
      (local.set $e (f32x4.neg (f32x4.abs (local.get $v))))
      (local.set $e (f32x4.pmax (f32x4.pmin (local.get $e) (v128.const f32x4 89 89 89 89)) (v128.const f32x4 -104 -104 -104 -104)))
      (local.set $n (f32x4.add
        (f32x4.mul (local.get $e) (v128.const f32x4 1.44269504 1.44269504 1.44269504 1.44269504)) (v128.const f32x4 12582912 12582912 12582912 12582912)))
      (local.set $r (f32x4.sub (local.get $n) (v128.const f32x4 12582912 12582912 12582912 12582912)))
      ;; ln 2 in two parts, the first of which has few digits, so that its product is exact
      (local.set $e (f32x4.sub (local.get $e) (f32x4.mul (local.get $r) (v128.const f32x4 0.693359375 0.693359375 0.693359375 0.693359375))))
      (local.set $r (f32x4.add (local.get $e) (f32x4.mul (local.get $r) (v128.const f32x4 2.12194440e-4 2.12194440e-4 2.12194440e-4 2.12194440e-4))))
      (local.set $e (v128.const f32x4 1.9875691500e-4 1.9875691500e-4 1.9875691500e-4 1.9875691500e-4))
      (local.set $e (f32x4.add (f32x4.mul (local.get $e) (local.get $r)) (v128.const f32x4 1.3981999507e-3 1.3981999507e-3 1.3981999507e-3 1.3981999507e-3)))
      (local.set $e (f32x4.add (f32x4.mul (local.get $e) (local.get $r)) (v128.const f32x4 8.3334519073e-3 8.3334519073e-3 8.3334519073e-3 8.3334519073e-3)))
      (local.set $e (f32x4.add (f32x4.mul (local.get $e) (local.get $r)) (v128.const f32x4 4.1665795894e-2 4.1665795894e-2 4.1665795894e-2 4.1665795894e-2)))
      (local.set $e (f32x4.add (f32x4.mul (local.get $e) (local.get $r)) (v128.const f32x4 1.6666665459e-1 1.6666665459e-1 1.6666665459e-1 1.6666665459e-1)))
      (local.set $e (f32x4.add (f32x4.mul (local.get $e) (local.get $r)) (v128.const f32x4 5.0000001201e-1 5.0000001201e-1 5.0000001201e-1 5.0000001201e-1)))
      (local.set $e (f32x4.add (f32x4.mul (local.get $e) (local.get $r)) (v128.const f32x4 1 1 1 1)))
      (local.set $e (f32x4.add (f32x4.mul (local.get $e) (local.get $r)) (v128.const f32x4 1 1 1 1)))
      (local.set $n (i32x4.sub (local.get $n) (v128.const i32x4 0x4B400000 0x4B400000 0x4B400000 0x4B400000)))
      (local.set $half (i32x4.shr_s (local.get $n) (i32.const 1)))
      (local.set $n (i32x4.sub (local.get $n) (local.get $half)))
      (local.set $half (i32x4.shl (i32x4.add (local.get $half) (v128.const i32x4 127 127 127 127)) (i32.const 23)))
      (local.set $n (i32x4.shl (i32x4.add (local.get $n) (v128.const i32x4 127 127 127 127)) (i32.const 23)))
      (local.set $e (f32x4.mul (f32x4.mul (local.get $e) (local.get $half)) (local.get $n)))
      (local.set $t (f32x4.div (local.get $e) (f32x4.add (local.get $e) (v128.const f32x4 2 2 2 2))))
      (local.set $r (f32x4.mul (local.get $t) (local.get $t)))
      (local.set $e (v128.const f32x4 0.076923077 0.076923077 0.076923077 0.076923077))
      (local.set $e (f32x4.add (f32x4.mul (local.get $e) (local.get $r)) (v128.const f32x4 0.090909091 0.090909091 0.090909091 0.090909091)))
      (local.set $e (f32x4.add (f32x4.mul (local.get $e) (local.get $r)) (v128.const f32x4 0.111111111 0.111111111 0.111111111 0.111111111)))
      (local.set $e (f32x4.add (f32x4.mul (local.get $e) (local.get $r)) (v128.const f32x4 0.142857143 0.142857143 0.142857143 0.142857143)))
      (local.set $e (f32x4.add (f32x4.mul (local.get $e) (local.get $r)) (v128.const f32x4 0.2 0.2 0.2 0.2)))
      (local.set $e (f32x4.add (f32x4.mul (local.get $e) (local.get $r)) (v128.const f32x4 0.333333333 0.333333333 0.333333333 0.333333333)))
      (local.set $e (f32x4.add (f32x4.mul (local.get $e) (local.get $r)) (v128.const f32x4 1 1 1 1)))
      (local.set $e (f32x4.add
        (f32x4.pmax (local.get $v) (v128.const i32x4 0 0 0 0))
        (f32x4.mul (f32x4.add (local.get $t) (local.get $t)) (local.get $e))))
      (v128.store (i32.add (local.get $out) (local.get $i)) (local.get $e))
      (if (i32.lt_u (local.get $i) (local.get $last)) (then
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (local.set $i (select (local.get $i) (local.get $last) (i32.lt_u (local.get $i) (local.get $last))))
        (br $more)))))

  ;; The sums of the columns of [rows, columns], four columns at a time, each in float64. `$last` is of one row.
  (func (export "sumRows")
    (param $x i32) (param $rows i32) (param $out i32) (param $last i32)
    (local $i i32) (local $from i32) (local $row i32) (local $v v128) (local $low v128) (local $high v128)
    (loop $more
      (local.set $from (i32.add (local.get $x) (local.get $i)))
      (local.set $row (local.get $rows))
      (local.set $low (v128.const i32x4 0 0 0 0))
      (local.set $high (v128.const i32x4 0 0 0 0))
      (loop $down
        (local.set $v (v128.load (local.get $from)))
        (local.set $low (f64x2.add (local.get $low) (f64x2.promote_low_f32x4 (local.get $v))))
        (local.set $high (f64x2.add (local.get $high) (f64x2.promote_low_f32x4
          (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $v) (local.get $v)))))
        (local.set $from (i32.add (local.get $from) (i32.add (local.get $last) (i32.const 16))))
        (br_if $down (local.tee $row (i32.sub (local.get $row) (i32.const 1)))))
      (v128.store (i32.add (local.get $out) (local.get $i)) (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
        (f32x4.demote_f64x2_zero (local.get $low)) (f32x4.demote_f64x2_zero (local.get $high))))
      (if (i32.lt_u (local.get $i) (local.get $last)) (then
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (local.set $i (select (local.get $i) (local.get $last) (i32.lt_u (local.get $i) (local.get $last))))
        (br $more)))))

  ;; The sum of x·l − softplus l of each row of [rows, columns], in float64. $scratch has room for a row, whose softplus is in
  ;; the first cache then.
  (func (export "logBernoulli")
    (param $l i32) (param $x i32) (param $out i32) (param $rows i32) (param $last i32) (param $scratch i32)
    (local $i i32) (local $v v128) (local $low v128) (local $high v128) (local $sum f64)
    (loop $down
      (call $softplus (local.get $l) (local.get $scratch) (local.get $last))
      (local.set $low (v128.const i32x4 0 0 0 0))
      (local.set $high (v128.const i32x4 0 0 0 0))
      (local.set $i (i32.const 0))
      (loop $fours
        (local.set $v (f32x4.sub
          (f32x4.mul (v128.load (i32.add (local.get $x) (local.get $i))) (v128.load (i32.add (local.get $l) (local.get $i))))
          (v128.load (i32.add (local.get $scratch) (local.get $i)))))
        (local.set $low (f64x2.add (local.get $low) (f64x2.promote_low_f32x4 (local.get $v))))
        (local.set $high (f64x2.add (local.get $high) (f64x2.promote_low_f32x4
          (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $v) (local.get $v)))))
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (br_if $fours (i32.le_u (local.get $i) (local.get $last))))
      (local.set $low (f64x2.add (local.get $low) (local.get $high)))
      (local.set $sum (f64.add (f64x2.extract_lane 0 (local.get $low)) (f64x2.extract_lane 1 (local.get $low))))
      ;; the one to three that are left
      (block $onesDone (loop $ones
        (br_if $onesDone (i32.ge_u (local.get $i) (i32.add (local.get $last) (i32.const 16))))
        (local.set $sum (f64.add (local.get $sum) (f64.promote_f32 (f32.sub
          (f32.mul (f32.load (i32.add (local.get $x) (local.get $i))) (f32.load (i32.add (local.get $l) (local.get $i))))
          (f32.load (i32.add (local.get $scratch) (local.get $i)))))))
        (local.set $i (i32.add (local.get $i) (i32.const 4)))
        (br $ones)))
      (f32.store (local.get $out) (f32.demote_f64 (local.get $sum)))
      (local.set $out (i32.add (local.get $out) (i32.const 4)))
      (local.set $l (i32.add (local.get $l) (i32.add (local.get $last) (i32.const 16))))
      (local.set $x (i32.add (local.get $x) (i32.add (local.get $last) (i32.const 16))))
      (br_if $down (local.tee $rows (i32.sub (local.get $rows) (i32.const 1))))))

  ;; Its gradient: dy·(x − sigmoid l), with one dy for each row.
  (func (export "logBernoulliGrad")
    (param $dy i32) (param $l i32) (param $x i32) (param $out i32) (param $rows i32) (param $last i32) (param $scratch i32)
    (local $i i32) (local $slope v128)
    (loop $down
      (call $exponential (i32.const 0) (local.get $l) (local.get $scratch) (local.get $last))
      (local.set $slope (v128.load32_splat (local.get $dy)))
      (local.set $i (i32.const 0))
      (loop $more
        (v128.store (i32.add (local.get $out) (local.get $i)) (f32x4.mul (local.get $slope) (f32x4.sub
          (v128.load (i32.add (local.get $x) (local.get $i))) (v128.load (i32.add (local.get $scratch) (local.get $i))))))
        (if (i32.lt_u (local.get $i) (local.get $last)) (then
          (local.set $i (i32.add (local.get $i) (i32.const 16)))
          (local.set $i (select (local.get $i) (local.get $last) (i32.lt_u (local.get $i) (local.get $last))))
          (br $more))))
      (local.set $dy (i32.add (local.get $dy) (i32.const 4)))
      (local.set $l (i32.add (local.get $l) (i32.add (local.get $last) (i32.const 16))))
      (local.set $x (i32.add (local.get $x) (i32.add (local.get $last) (i32.const 16))))
      (local.set $out (i32.add (local.get $out) (i32.add (local.get $last) (i32.const 16))))
      (br_if $down (local.tee $rows (i32.sub (local.get $rows) (i32.const 1)))))))
