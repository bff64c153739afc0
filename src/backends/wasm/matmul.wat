;; C = A·B in float32, [m, k] · [k, n] -> [m, n], or C = A·B + bias with a bias for each column, unless its address is 0.
;; Addresses and strides are in bytes. A may lie in memory by rows or by columns: aRow is the distance of its rows, aColumn
;; of its columns. The rows of B and C are contiguous.
;;
;; C is made in tiles of 4 x 8 that stay in registers while k goes by: a panel of 8 columns of B stays in the first cache
;; for all rows. `relaxed_madd` is one instruction where the processor has it; the assembler is also given a copy of this
;; text with multiplications and additions in its place. test/backends/wasmBinaries.test.ts checks that matmulSimd.ts holds both.
(module
  (import "env" "memory" (memory 1 65536 shared))

  (func $tile4x8
    (param $a i32) (param $aRow i32) (param $aColumn i32) (param $b i32) (param $bRow i32)
    (param $c i32) (param $cRow i32) (param $k i32) (param $bias i32)
    (local $a1 i32) (local $a2 i32) (local $a3 i32) (local $x v128) (local $left v128) (local $right v128)
    (local $c00 v128) (local $c01 v128) (local $c10 v128) (local $c11 v128)
    (local $c20 v128) (local $c21 v128) (local $c30 v128) (local $c31 v128)
    (local.set $a1 (i32.add (local.get $a) (local.get $aRow)))
    (local.set $a2 (i32.add (local.get $a1) (local.get $aRow)))
    (local.set $a3 (i32.add (local.get $a2) (local.get $aRow)))
    (if (local.get $bias) (then
      (local.set $c00 (v128.load (local.get $bias)))
      (local.set $c01 (v128.load offset=16 (local.get $bias)))
      (local.set $c10 (local.get $c00))
      (local.set $c11 (local.get $c01))
      (local.set $c20 (local.get $c00))
      (local.set $c21 (local.get $c01))
      (local.set $c30 (local.get $c00))
      (local.set $c31 (local.get $c01))))
    (loop $next
      (local.set $left (v128.load (local.get $b)))
      (local.set $right (v128.load offset=16 (local.get $b)))
      (local.set $x (v128.load32_splat (local.get $a)))
      (local.set $c00 (f32x4.relaxed_madd (local.get $x) (local.get $left) (local.get $c00)))
      (local.set $c01 (f32x4.relaxed_madd (local.get $x) (local.get $right) (local.get $c01)))
      (local.set $x (v128.load32_splat (local.get $a1)))
      (local.set $c10 (f32x4.relaxed_madd (local.get $x) (local.get $left) (local.get $c10)))
      (local.set $c11 (f32x4.relaxed_madd (local.get $x) (local.get $right) (local.get $c11)))
      (local.set $x (v128.load32_splat (local.get $a2)))
      (local.set $c20 (f32x4.relaxed_madd (local.get $x) (local.get $left) (local.get $c20)))
      (local.set $c21 (f32x4.relaxed_madd (local.get $x) (local.get $right) (local.get $c21)))
      (local.set $x (v128.load32_splat (local.get $a3)))
      (local.set $c30 (f32x4.relaxed_madd (local.get $x) (local.get $left) (local.get $c30)))
      (local.set $c31 (f32x4.relaxed_madd (local.get $x) (local.get $right) (local.get $c31)))
      (local.set $a (i32.add (local.get $a) (local.get $aColumn)))
      (local.set $a1 (i32.add (local.get $a1) (local.get $aColumn)))
      (local.set $a2 (i32.add (local.get $a2) (local.get $aColumn)))
      (local.set $a3 (i32.add (local.get $a3) (local.get $aColumn)))
      (local.set $b (i32.add (local.get $b) (local.get $bRow)))
      (br_if $next (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
    (v128.store (local.get $c) (local.get $c00))
    (v128.store offset=16 (local.get $c) (local.get $c01))
    (local.set $c (i32.add (local.get $c) (local.get $cRow)))
    (v128.store (local.get $c) (local.get $c10))
    (v128.store offset=16 (local.get $c) (local.get $c11))
    (local.set $c (i32.add (local.get $c) (local.get $cRow)))
    (v128.store (local.get $c) (local.get $c20))
    (v128.store offset=16 (local.get $c) (local.get $c21))
    (local.set $c (i32.add (local.get $c) (local.get $cRow)))
    (v128.store (local.get $c) (local.get $c30))
    (v128.store offset=16 (local.get $c) (local.get $c31)))

  (func $tile1x8
    (param $a i32) (param $aColumn i32) (param $b i32) (param $bRow i32) (param $c i32) (param $k i32)
    (param $bias i32) (local $x v128) (local $left v128) (local $right v128) (local $c0 v128) (local $c1 v128)
    (if (local.get $bias) (then
      (local.set $c0 (v128.load (local.get $bias)))
      (local.set $c1 (v128.load offset=16 (local.get $bias)))))
    (loop $next
      (local.set $left (v128.load (local.get $b)))
      (local.set $right (v128.load offset=16 (local.get $b)))
      (local.set $x (v128.load32_splat (local.get $a)))
      (local.set $c0 (f32x4.relaxed_madd (local.get $x) (local.get $left) (local.get $c0)))
      (local.set $c1 (f32x4.relaxed_madd (local.get $x) (local.get $right) (local.get $c1)))
      (local.set $a (i32.add (local.get $a) (local.get $aColumn)))
      (local.set $b (i32.add (local.get $b) (local.get $bRow)))
      (br_if $next (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
    (v128.store (local.get $c) (local.get $c0))
    (v128.store offset=16 (local.get $c) (local.get $c1)))

  (func $single
    (param $a i32) (param $aColumn i32) (param $b i32) (param $bRow i32) (param $c i32) (param $k i32)
    (param $bias i32) (local $sum f32)
    (if (local.get $bias) (then (local.set $sum (f32.load (local.get $bias)))))
    (loop $next
      (local.set $sum (f32.add (local.get $sum) (f32.mul (f32.load (local.get $a)) (f32.load (local.get $b)))))
      (local.set $a (i32.add (local.get $a) (local.get $aColumn)))
      (local.set $b (i32.add (local.get $b) (local.get $bRow)))
      (br_if $next (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))
    (f32.store (local.get $c) (local.get $sum)))

  (func (export "matmul")
    (param $a i32) (param $aRow i32) (param $aColumn i32) (param $b i32) (param $bRow i32)
    (param $c i32) (param $cRow i32) (param $m i32) (param $n i32) (param $k i32) (param $bias i32)
    (local $row i32) (local $x i32) (local $y i32)
    ;; panels of 8 columns
    (block $panelsDone (loop $panels
      (br_if $panelsDone (i32.lt_u (local.get $n) (i32.const 8)))
      (local.set $row (local.get $m))
      (local.set $x (local.get $a))
      (local.set $y (local.get $c))
      (block $foursDone (loop $fours
        (br_if $foursDone (i32.lt_u (local.get $row) (i32.const 4)))
        (call $tile4x8 (local.get $x) (local.get $aRow) (local.get $aColumn) (local.get $b) (local.get $bRow)
          (local.get $y) (local.get $cRow) (local.get $k) (local.get $bias))
        (local.set $x (i32.add (local.get $x) (i32.shl (local.get $aRow) (i32.const 2))))
        (local.set $y (i32.add (local.get $y) (i32.shl (local.get $cRow) (i32.const 2))))
        (local.set $row (i32.sub (local.get $row) (i32.const 4)))
        (br $fours)))
      (block $onesDone (loop $ones
        (br_if $onesDone (i32.eqz (local.get $row)))
        (call $tile1x8 (local.get $x) (local.get $aColumn) (local.get $b) (local.get $bRow)
          (local.get $y) (local.get $k) (local.get $bias))
        (local.set $x (i32.add (local.get $x) (local.get $aRow)))
        (local.set $y (i32.add (local.get $y) (local.get $cRow)))
        (local.set $row (i32.sub (local.get $row) (i32.const 1)))
        (br $ones)))
      (local.set $b (i32.add (local.get $b) (i32.const 32)))
      (local.set $c (i32.add (local.get $c) (i32.const 32)))
      (if (local.get $bias) (then (local.set $bias (i32.add (local.get $bias) (i32.const 32)))))
      (local.set $n (i32.sub (local.get $n) (i32.const 8)))
      ;; a last panel of fewer columns takes some of the panel before, which are computed again
      (if (i32.and (i32.gt_u (local.get $n) (i32.const 0)) (i32.lt_u (local.get $n) (i32.const 8))) (then
        (local.set $row (i32.shl (i32.sub (i32.const 8) (local.get $n)) (i32.const 2)))
        (local.set $b (i32.sub (local.get $b) (local.get $row)))
        (local.set $c (i32.sub (local.get $c) (local.get $row)))
        (if (local.get $bias) (then (local.set $bias (i32.sub (local.get $bias) (local.get $row)))))
        (local.set $n (i32.const 8))))
      (br $panels)))
    ;; fewer than 8 columns
    (block $columnsDone (loop $columns
      (br_if $columnsDone (i32.eqz (local.get $n)))
      (local.set $row (local.get $m))
      (local.set $x (local.get $a))
      (local.set $y (local.get $c))
      (loop $rows
        (call $single (local.get $x) (local.get $aColumn) (local.get $b) (local.get $bRow)
          (local.get $y) (local.get $k) (local.get $bias))
        (local.set $x (i32.add (local.get $x) (local.get $aRow)))
        (local.set $y (i32.add (local.get $y) (local.get $cRow)))
        (br_if $rows (local.tee $row (i32.sub (local.get $row) (i32.const 1)))))
      (local.set $b (i32.add (local.get $b) (i32.const 4)))
      (local.set $c (i32.add (local.get $c) (i32.const 4)))
      (if (local.get $bias) (then (local.set $bias (i32.add (local.get $bias) (i32.const 4)))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $columns)))))
