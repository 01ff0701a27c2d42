object Tell {
  def hex(text: String) = text.getBytes("UTF-8").map("%02x".format(_)).mkString
  def told(v: Any): String = v match {
    case None => "[\"null\"]"
    case truth: Boolean => "[\"bool\"," + truth + "]"
    case _: Int | _: Long | _: BigInt => "[\"int\",\"" + v + "\"]"
    case number: Double =>
      val digits = if (number.isNaN) "nan" else "%016x".format(java.lang.Double.doubleToLongBits(number))
      "[\"float\",\"" + digits + "\"]"
    case text: String => "[\"str\",\"" + hex(text) + "\"]"
    case all: Map[_, _] =>
      val entries = all.map { case (key, value) => "[\"" + hex(key.toString) + "\"," + told(value) + "]" }
      "[\"dict\",[" + entries.mkString(",") + "]]"
    case all: Seq[_] => "[\"list\",[" + all.map(told).mkString(",") + "]]"
  }
}
