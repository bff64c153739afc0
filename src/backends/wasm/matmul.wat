;; C = A·B in float32, [m, k] · [k, n] -> [m, n], or C = A·B + bias with a bias for each column, unless its address is 0.
;; Addresses and strides are in bytes. A and B may each lie in memory by rows or by columns: aRow is the distance of A's
;; rows, aColumn of its columns, and so for B. By columns, B has a k of at least 4. The rows of C are contiguous.
;;
;; C is made in tiles of 4 x 8 that stay in registers while k goes by (more of them than that, and V8 keeps some in memory);
;; they start from $start, unless that is 0. A panel of 8 columns of B stays in the first cache for all rows: it is laid out
;; in $scratch, where no cache line holds anything else. Each thread has a scratch of its own, 32 KiB.
;;
;; `relaxed_madd` is one instruction where the processor has it; the assembler is also given a copy of this text with
;; multiplications and additions in its place. test/backends/wasmBinaries.test.ts checks that matmulSimd.ts holds both.
(module
  (import "env" "memory" (memory 1 65536 shared))
  (import "env" "scratch" (global $scratch i32))

  (func $tile4x8
    (param $a i32) (param $aRow i32) (param $aColumn i32) (param $b i32) (param $bRow i32)
    (param $c i32) (param $cRow i32) (param $k i32) (param $start i32) (param $startRow i32)
    (local $a1 i32) (local $a2 i32) (local $a3 i32) (local $x v128) (local $left v128) (local $right v128)
    (local $c00 v128) (local $c01 v128) (local $c10 v128) (local $c11 v128)
    (local $c20 v128) (local $c21 v128) (local $c30 v128) (local $c31 v128)
    (local.set $a1 (i32.add (local.get $a) (local.get $aRow)))
    (local.set $a2 (i32.add (local.get $a1) (local.get $aRow)))
    (local.set $a3 (i32.add (local.get $a2) (local.get $aRow)))
    (if (local.get $start) (then
      (local.set $c00 (v128.load (local.get $start)))
      (local.set $c01 (v128.load offset=16 (local.get $start)))
      (local.set $start (i32.add (local.get $start) (local.get $startRow)))
      (local.set $c10 (v128.load (local.get $start)))
      (local.set $c11 (v128.load offset=16 (local.get $start)))
      (local.set $start (i32.add (local.get $start) (local.get $startRow)))
      (local.set $c20 (v128.load (local.get $start)))
      (local.set $c21 (v128.load offset=16 (local.get $start)))
      (local.set $start (i32.add (local.get $start) (local.get $startRow)))
      (local.set $c30 (v128.load (local.get $start)))
      (local.set $c31 (v128.load offset=16 (local.get $start)))))
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
    (param $start i32) (local $x v128) (local $left v128) (local $right v128) (local $c0 v128) (local $c1 v128)
    (if (local.get $start) (then
      (local.set $c0 (v128.load (local.get $start)))
      (local.set $c1 (v128.load offset=16 (local.get $start)))))
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

  ;; 8 columns of B, close together in $to
  (func $pack (param $b i32) (param $bRow i32) (param $to i32) (param $k i32)
    (loop $next
      (v128.store (local.get $to) (v128.load (local.get $b)))
      (v128.store offset=16 (local.get $to) (v128.load offset=16 (local.get $b)))
      (local.set $b (i32.add (local.get $b) (local.get $bRow)))
      (local.set $to (i32.add (local.get $to) (i32.const 32)))
      (br_if $next (local.tee $k (i32.sub (local.get $k) (i32.const 1))))))

  ;; [rows, columns] -> [columns, rows] in squares of 4 x 4, so both are at least 4.
  (func $transpose (export "transpose")
    (param $x i32) (param $xRow i32) (param $out i32) (param $outRow i32) (param $rows i32) (param $columns i32)
    (local $from i32) (local $to i32) (local $i i32) (local $j i32)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $ab v128) (local $cd v128) (local $AB v128) (local $CD v128)
    (loop $strips
      (local.set $j (i32.const 0))
      (loop $squares
        (local.set $from (i32.add (i32.add (local.get $x) (i32.mul (local.get $i) (local.get $xRow)))
          (i32.shl (local.get $j) (i32.const 2))))
        (local.set $to (i32.add (i32.add (local.get $out) (i32.mul (local.get $j) (local.get $outRow)))
          (i32.shl (local.get $i) (i32.const 2))))
        (local.set $a (v128.load (local.get $from)))
        (local.set $b (v128.load (local.tee $from (i32.add (local.get $from) (local.get $xRow)))))
        (local.set $c (v128.load (local.tee $from (i32.add (local.get $from) (local.get $xRow)))))
        (local.set $d (v128.load (i32.add (local.get $from) (local.get $xRow))))
        (local.set $ab (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $a) (local.get $b)))
        (local.set $AB (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $a) (local.get $b)))
        (local.set $cd (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $c) (local.get $d)))
        (local.set $CD (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $c) (local.get $d)))
        (v128.store (local.get $to)
          (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $ab) (local.get $cd)))
        (v128.store (local.tee $to (i32.add (local.get $to) (local.get $outRow)))
          (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $ab) (local.get $cd)))
        (v128.store (local.tee $to (i32.add (local.get $to) (local.get $outRow)))
          (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $AB) (local.get $CD)))
        (v128.store (i32.add (local.get $to) (local.get $outRow))
          (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $AB) (local.get $CD)))
        (if (i32.lt_u (local.get $j) (i32.sub (local.get $columns) (i32.const 4))) (then
          (local.set $j (call $nextFour (local.get $j) (local.get $columns)))
          (br $squares))))
      (if (i32.lt_u (local.get $i) (i32.sub (local.get $rows) (i32.const 4))) (then
        (local.set $i (call $nextFour (local.get $i) (local.get $rows)))
        (br $strips)))))

  ;; The first of the next four of n; the last ones may overlap those before.
  (func $nextFour (param $i i32) (param $n i32) (result i32)
    (local.set $i (i32.add (local.get $i) (i32.const 4)))
    (local.set $n (i32.sub (local.get $n) (i32.const 4)))
    (select (local.get $i) (local.get $n) (i32.lt_u (local.get $i) (local.get $n))))

  (func (export "matmul")
    (param $a i32) (param $aRow i32) (param $aColumn i32) (param $b i32) (param $bRow i32) (param $bColumn i32)
    (param $c i32) (param $cRow i32) (param $m i32) (param $n i32) (param $k i32) (param $bias i32)
    (local $row i32) (local $x i32) (local $y i32) (local $left i32) (local $depth i32) (local $aBlock i32)
    (local $bBlock i32) (local $panel i32) (local $panelRow i32) (local $start i32) (local $startRow i32) (local $s i32)
    (local $byRows i32) (local $isPacked i32)
    (local.set $byRows (i32.eq (local.get $bColumn) (i32.const 4)))
    ;; for few rows it would take longer to lay the panels out
    (local.set $isPacked (i32.or (i32.eqz (local.get $byRows)) (i32.ge_u (local.get $m) (i32.const 16))))
    ;; panels of 8 columns
    (block $panelsDone (loop $panels
      (br_if $panelsDone (i32.lt_u (local.get $n) (i32.const 8)))
      (local.set $left (local.get $k))
      (local.set $aBlock (local.get $a))
      (local.set $bBlock (local.get $b))
      (local.set $start (local.get $bias))
      (local.set $startRow (i32.const 0))
      ;; up to 1,024 of k at a time; 1,020 where there are more, so that at least four are left
      (loop $blocks
        (local.set $depth (select (local.get $left) (i32.const 1020)
          (i32.or (i32.eqz (local.get $isPacked)) (i32.le_u (local.get $left) (i32.const 1024)))))
        (local.set $panel (select (global.get $scratch) (local.get $bBlock) (local.get $isPacked)))
        (local.set $panelRow (select (i32.const 32) (local.get $bRow) (local.get $isPacked)))
        (if (local.get $isPacked) (then
          (if (local.get $byRows)
            (then (call $pack (local.get $bBlock) (local.get $bRow) (local.get $panel) (local.get $depth)))
            (else (call $transpose (local.get $bBlock) (local.get $bColumn) (local.get $panel) (local.get $panelRow)
              (i32.const 8) (local.get $depth))))))
        (local.set $row (local.get $m))
        (local.set $x (local.get $aBlock))
        (local.set $y (local.get $c))
        (local.set $s (local.get $start))
        (block $foursDone (loop $fours
          (br_if $foursDone (i32.lt_u (local.get $row) (i32.const 4)))
          (call $tile4x8 (local.get $x) (local.get $aRow) (local.get $aColumn) (local.get $panel) (local.get $panelRow)
            (local.get $y) (local.get $cRow) (local.get $depth) (local.get $s) (local.get $startRow))
          (local.set $x (i32.add (local.get $x) (i32.shl (local.get $aRow) (i32.const 2))))
          (local.set $y (i32.add (local.get $y) (i32.shl (local.get $cRow) (i32.const 2))))
          (local.set $s (i32.add (local.get $s) (i32.shl (local.get $startRow) (i32.const 2))))
          (local.set $row (i32.sub (local.get $row) (i32.const 4)))
          (br $fours)))
        (block $onesDone (loop $ones
          (br_if $onesDone (i32.eqz (local.get $row)))
          (call $tile1x8 (local.get $x) (local.get $aColumn) (local.get $panel) (local.get $panelRow)
            (local.get $y) (local.get $depth) (local.get $s))
          (local.set $x (i32.add (local.get $x) (local.get $aRow)))
          (local.set $y (i32.add (local.get $y) (local.get $cRow)))
          (local.set $s (i32.add (local.get $s) (local.get $startRow)))
          (local.set $row (i32.sub (local.get $row) (i32.const 1)))
          (br $ones)))
        ;; the next block goes on from the sums in C
        (local.set $aBlock (i32.add (local.get $aBlock) (i32.mul (local.get $depth) (local.get $aColumn))))
        (local.set $bBlock (i32.add (local.get $bBlock) (i32.mul (local.get $depth) (local.get $bRow))))
        (local.set $start (local.get $c))
        (local.set $startRow (local.get $cRow))
        (br_if $blocks (local.tee $left (i32.sub (local.get $left) (local.get $depth)))))
      (local.set $b (i32.add (local.get $b) (i32.shl (local.get $bColumn) (i32.const 3))))
      (local.set $c (i32.add (local.get $c) (i32.const 32)))
      (if (local.get $bias) (then (local.set $bias (i32.add (local.get $bias) (i32.const 32)))))
      (local.set $n (i32.sub (local.get $n) (i32.const 8)))
      ;; a last panel of fewer columns takes some of the panel before, which are computed again
      (if (i32.and (i32.gt_u (local.get $n) (i32.const 0)) (i32.lt_u (local.get $n) (i32.const 8))) (then
        (local.set $row (i32.sub (i32.const 8) (local.get $n)))
        (local.set $b (i32.sub (local.get $b) (i32.mul (local.get $row) (local.get $bColumn))))
        (local.set $row (i32.shl (local.get $row) (i32.const 2)))
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
      (local.set $b (i32.add (local.get $b) (local.get $bColumn)))
      (local.set $c (i32.add (local.get $c) (i32.const 4)))
      (if (local.get $bias) (then (local.set $bias (i32.add (local.get $bias) (i32.const 4)))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $columns)))))
