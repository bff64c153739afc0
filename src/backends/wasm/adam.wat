;; One step of Adam over n numbers, four at a time, in place on p, m and v. See `adamLoop` in ../arrayKernels.ts for the
;; same in JavaScript; addresses are in bytes. `test/backends/wasmBinaries.test.ts` checks that adamSimd.ts holds this.
(module
  (import "env" "memory" (memory 1 65536 shared))
  (func (export "adam")
    (param $p i32) (param $m i32) (param $v i32) (param $g i32) (param $n i32)
    (param $beta1 f32) (param $newM f32) (param $beta2 f32) (param $newV f32) (param $rate f32) (param $floor f32)
    (local $end i32) (local $g4 v128) (local $m4 v128) (local $v4 v128) (local $g1 f32) (local $m1 f32) (local $v1 f32)
    ;; whole groups of four: until g reaches $end
    (local.set $end (i32.add (local.get $g) (i32.shl (i32.and (local.get $n) (i32.const -4)) (i32.const 2))))
    (block $quads (loop $next
      (br_if $quads (i32.ge_u (local.get $g) (local.get $end)))
      (local.set $g4 (v128.load (local.get $g)))
      (local.set $m4 (f32x4.add
        (f32x4.mul (f32x4.splat (local.get $beta1)) (v128.load (local.get $m)))
        (f32x4.mul (f32x4.splat (local.get $newM)) (local.get $g4))))
      (local.set $v4 (f32x4.add
        (f32x4.mul (f32x4.splat (local.get $beta2)) (v128.load (local.get $v)))
        (f32x4.mul (f32x4.splat (local.get $newV)) (f32x4.mul (local.get $g4) (local.get $g4)))))
      (v128.store (local.get $m) (local.get $m4))
      (v128.store (local.get $v) (local.get $v4))
      (v128.store (local.get $p) (f32x4.sub (v128.load (local.get $p))
        (f32x4.div
          (f32x4.mul (f32x4.splat (local.get $rate)) (local.get $m4))
          (f32x4.add (f32x4.sqrt (local.get $v4)) (f32x4.splat (local.get $floor))))))
      (local.set $p (i32.add (local.get $p) (i32.const 16)))
      (local.set $m (i32.add (local.get $m) (i32.const 16)))
      (local.set $v (i32.add (local.get $v) (i32.const 16)))
      (local.set $g (i32.add (local.get $g) (i32.const 16)))
      (br $next)))
    ;; the one to three that are left
    (local.set $end (i32.add (local.get $g) (i32.shl (i32.and (local.get $n) (i32.const 3)) (i32.const 2))))
    (block $ones (loop $next
      (br_if $ones (i32.ge_u (local.get $g) (local.get $end)))
      (local.set $g1 (f32.load (local.get $g)))
      (local.set $m1 (f32.add
        (f32.mul (local.get $beta1) (f32.load (local.get $m)))
        (f32.mul (local.get $newM) (local.get $g1))))
      (local.set $v1 (f32.add
        (f32.mul (local.get $beta2) (f32.load (local.get $v)))
        (f32.mul (local.get $newV) (f32.mul (local.get $g1) (local.get $g1)))))
      (f32.store (local.get $m) (local.get $m1))
      (f32.store (local.get $v) (local.get $v1))
      (f32.store (local.get $p) (f32.sub (f32.load (local.get $p))
        (f32.div
          (f32.mul (local.get $rate) (local.get $m1))
          (f32.add (f32.sqrt (local.get $v1)) (local.get $floor)))))
      (local.set $p (i32.add (local.get $p) (i32.const 4)))
      (local.set $m (i32.add (local.get $m) (i32.const 4)))
      (local.set $v (i32.add (local.get $v) (i32.const 4)))
      (local.set $g (i32.add (local.get $g) (i32.const 4)))
      (br $next)))))
